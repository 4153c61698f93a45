"""Somebody who issues tokens, as the brokers of the tests take them: unsigned, for who knows a client's secret."""

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from libs.stack.certificates import CertificateFiles

CLIENT, SECRET = "olcare", "s3cret: with = and é"


def unsigned(**claims: object) -> str:
    """An unsigned token."""
    header, body = ({"alg": "none"}, {"sub": "olcare", "iat": 1e9, "exp": 4e9, **claims})
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, body))
    return ".".join([*parts, ""])


class Issuer:
    """What it says next to who may have a token; it remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.answer, self.scopes = 200, dict[str, Any](), {"kafka"}
        self.raw: bytes | None = None
        self.asked: list[dict[str, list[str]]] = []
        self.address = ""
        self.gives(unsigned(), expires_in=300)

    def gives(self, token: str, **more: object) -> None:
        """Give this token from now on."""
        self.status, self.raw, self.answer = 200, None, {"access_token": token, "token_type": "Bearer", **more}

    def answers(self, status: int, raw: bytes) -> None:
        """Say this to whoever asks, whatever he asks."""
        self.status, self.raw = status, raw

    def say(self, said: dict[str, list[str]], login: str) -> tuple[int, bytes]:
        """Status and body for one who asks."""
        self.asked.append(said)
        if self.raw is not None:
            return self.status, self.raw
        if login != f"{CLIENT}:{SECRET}":
            return 401, b'{"error": "invalid_client", "error_description": "look, a secret"}'
        if not {*said.get("scope", [])} <= self.scopes:
            return 400, b'{"error": "invalid_scope"}'
        return self.status, json.dumps(self.answer).encode()


@contextmanager
def issuing(identity: CertificateFiles) -> Iterator[Issuer]:
    """Serve by TLS on this machine."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            login = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            status, body = issuer.say(said, ":".join(map(unquote_plus, login.split(":"))))
            self.send_response(status)
            self.send_header("Location", issuer.address)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer.address = f"https://127.0.0.1:{server.server_address[1]}/token"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
