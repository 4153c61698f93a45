"""`python -m libs.chassis.ready`: whether the service on this machine's `OLCARE_HTTP_PORT` calls itself ready.

The health check of a container: exit code 0 if it is; else 1, and a sentence says what it waits for.
"""

import http.client
import json
import os
import sys

SECONDS = 3
"""How long an answer may take, in machine seconds."""


def waiting(port: int) -> str | None:
    """What the service on this port waits for; None where it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return None if answer.status == http.HTTPStatus.OK else "; ".join(json.loads(answer.read())["waiting"])
    except (OSError, http.client.HTTPException) as error:
        return f"127.0.0.1:{port} does not answer ({type(error).__name__})"
    finally:
        connection.close()


def main() -> None:
    """The command line."""
    sys.exit(waiting(int(os.environ["OLCARE_HTTP_PORT"])))


if __name__ == "__main__":
    main()
