"""Put the console together and run it, as `olcare console` does."""

import sys

from libs.chassis.start import started
from services.ops.cli.environment import Environment
from services.ops.cli.options import from_environment
from services.ops.console.command import serve

if __name__ == "__main__":
    sys.exit(started(lambda: serve(Environment(*from_environment()))))
