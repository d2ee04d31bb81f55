"""Structured logs: constant events with fields beside them, ids instead of objects, never what was said."""

import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FORBIDDEN_FIELDS = frozenset(
    [
        "text",
        "transcript",
        "utterances",
        "prompt",
        "body",
        "key",
        "api_key",
        "password",
        "secret",
        "token",
        "url",
        "authorization",
    ]
)
"""Fields that could hold speech, keys or signed addresses; a log line never carries them."""

SECRET_PATTERN = re.compile(r"(vox_[A-Za-z0-9]{4})[A-Za-z0-9_-]+|(X-Amz-Signature=)[0-9a-f]+")


def drop_private_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove forbidden fields and the queries of addresses (titles, names), and blot out keys inside strings."""
    for name in FORBIDDEN_FIELDS & event.keys():
        del event[name]
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = SECRET_PATTERN.sub(r"\1\2...", value)
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    drop_private_fields,
]


def logging_config(*, as_json: bool, level: str) -> dict[str, Any]:
    """Return the value of Django's LOGGING: everything goes to standard error in one format."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                "foreign_pre_chain": SHARED,
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "botocore": {"level": "WARNING"},
            # Each says that a task was sent, received, begun or done; a stage says so itself, once.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "django_structlog.celery.receivers": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Apply LOGGING and point structlog at it."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
