"""What a plugin writes: its log to standard error, one line an event, and prints that do no harm."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\\n")


class _Harmless:
    """A stream that a print can never fail on: the other end may be gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        """All else, such as `buffer`, is the stream's."""
        return getattr(self._stream, name)


def make_output_harmless() -> None:
    """For standard output and standard error, where they are open."""
    if sys.stdout is not None:
        sys.stdout = cast("TextIO", _Harmless(sys.stdout))
    if sys.stderr is not None:
        sys.stderr = cast("TextIO", _Harmless(sys.stderr))


def flush_output() -> None:
    """Before an end that flushes nothing."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def log_to_stderr(level: str) -> None:
    """For all loggers. `level` is `debug`, `info`, `warn` or `error`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=_LEVELS.get(level, logging.INFO), handlers=[handler], force=True)
