"""Every client of a broker is connected as the settings say."""

import ast
from pathlib import Path

from libs.stack.run import PROJECT

CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AIOKafkaClient", "KafkaBroker"}
CONNECTIONS = {
    "settings.connection()",
    "self._settings.connection()",
    "brokers_at(kafka).connection()",
    "_connection(self._settings)",
}


def _made() -> dict[str, ast.Call]:
    return {
        f"{path.relative_to(PROJECT)}:{call.lineno}": call
        for folder in ("libs", "services")
        for path in sorted((PROJECT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in CLIENTS
    }


def _connected(call: ast.Call) -> bool:
    """Whether all about the connection comes from `connection()`."""
    unpacked = [ast.unparse(word.value) for word in call.keywords if word.arg is None]
    named = {word.arg for word in call.keywords if word.arg}
    return len(CONNECTIONS & set(unpacked)) == 1 and "bootstrap_servers" not in named


def test_every_client_takes_its_connection_from_one_place() -> None:
    made = _made()
    assert len(made) == 5
    assert [place for place, call in made.items() if not _connected(call)] == []


def test_nobody_speaks_to_brokers_but_the_wing_for_kafka() -> None:
    assert {Path(place).parent.as_posix() for place in _made()} == {"libs/eventlog/kafka"}
