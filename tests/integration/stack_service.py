"""A service that is ready at once, for tests of the stack; it says what it was given."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()


if __name__ == "__main__":
    print("started with", os.environ.get("OLCARE_KAFKA"), os.environ["OLCARE_INSTANCE"], flush=True)  # noqa: T201 - the test reads its output
    if os.environ.get("BROKEN"):
        sys.exit("broken on purpose")
    HTTPServer(("127.0.0.1", int(os.environ["OLCARE_HTTP_PORT"])), Pages).serve_forever()
