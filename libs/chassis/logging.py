"""One log for everything: JSON lines outside a terminal, coloured lines inside.

Libraries that log by the standard library (aiokafka, uvicorn, faststream) come out in the same form. The instants
are the machine's. No text of a customer and no address belongs in a log.
"""

import logging
import sys
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor

from libs.chassis.clock import Clock
from libs.messages.base import rfc3339


def configure(service: str, instance: str, level: str, clock: Clock) -> None:
    """Set up the log of this process, once, before anything is said; `service` and `instance` stand in every line."""
    common = _common(service, instance, clock)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _set_root(level, common)
    sys.excepthook = _say_what_ended_us


def _common(service: str, instance: str, clock: Clock) -> list[Processor]:
    def sign(_logger: object, _method: str, line: EventDict) -> EventDict:
        return {"timestamp": rfc3339(clock.wall()), "service": service, "instance": instance, **line}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        sign,
    ]


def _set_root(level: str, common: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, structlog.stdlib.ExtraAdder(allow=())],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_written(sys.stdout.isatty())],
        ),
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for chatty in ("aiokafka", "uvicorn", "faststream", "asyncio", "mail"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _written(terminal: bool) -> list[Processor]:  # noqa: FBT001 - one fact, asked once
    """Write a traceback as text in one field, without the values of variables, which may hold what a customer wrote."""
    if terminal:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _say_what_ended_us(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger("olcare").critical("ended by an error", exc_info=(kind, error, trace))
