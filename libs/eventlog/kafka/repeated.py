"""A question that is put again and again: it is encoded once, and an answer of the same bytes is decoded once."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from aiokafka.protocol.api import Request


class Repeated:
    """Takes the place of a request of aiokafka, of the struct that it becomes and of the kind of its answer."""

    def __init__(self, request: Request[Any]) -> None:
        self.request = request
        self._versions: Mapping[int, tuple[int, int]] = {}
        self._struct: Any = None
        self._said = self._heard = b""
        self._answer: Any = None
        self.checked: Any = None
        """The answer that was looked at for error codes, and has none."""

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> "Repeated":
        """As a request does, for a broker that knows some versions of it."""
        if self._struct is None or versions is not self._versions:
            self._versions, self._struct, self._heard = versions, self.request.prepare(dict(versions)), b""
            self._said = self._struct.encode()
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> Any:
        """As a struct does."""
        return self._struct.build_request_header(correlation_id=correlation_id, client_id=client_id)

    def encode(self) -> bytes:
        """As a struct does."""
        return self._said

    def parse_response_header(self, read_buffer: BytesIO) -> Any:
        """As a struct does."""
        return self._struct.parse_response_header(read_buffer)

    @property
    def RESPONSE_TYPE(self) -> "Repeated":  # noqa: N802 - its name in aiokafka
        """As a struct has."""
        return self

    def decode(self, data: BytesIO) -> Any:
        """The answer; the same object as before where the broker says the same."""
        heard = data.read()
        if heard != self._heard or self._answer is None:
            self._answer = self._struct.RESPONSE_TYPE.decode(BytesIO(heard))
            self._heard = heard
        return self._answer
