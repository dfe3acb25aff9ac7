"""Errors as gRPC statuses and log lines, once for every call and item."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, ParamSpec, TypeVar

import grpc

from affinis.errors import DETAILS_KEY, AffinisError, grpc_code_of, status_of_error
from affinis.result import Failure, Result, Success

log = logging.getLogger("affinis.plugin")

#: `sys.exit()` in a library must not end an item without an answer.
Thrown = (Exception, SystemExit)

P = ParamSpec("P")
T = TypeVar("T")
Self = TypeVar("Self")
Request = TypeVar("Request")
Response = TypeVar("Response")


def error_of(thrown: BaseException, where: str) -> AffinisError:
    """Any exception as an AffinisError under `[where]`. What is no AffinisError is logged by type and place; its text,
    which may hold parts of the sample, goes nowhere."""
    if isinstance(thrown, AffinisError):
        return _placed(thrown, where)
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(thrown.__traceback__)]
    log.error("[%s] %s at %s", where, type(thrown).__name__, " < ".join(reversed(frames)))
    message = f"[{where}] unexpected {type(thrown).__name__}; the plugin's log has the place"
    return AffinisError("internal", message)


def attempt(where: str, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> Result[T]:
    """What `work` gives, or why it failed."""
    try:
        return Success(work(*args, **more))
    except Thrown as thrown:
        return Failure(error_of(thrown, where))


def answered(
    where: str,
) -> Callable[
    [Callable[[Self, Request, grpc.ServicerContext], Response]],
    Callable[[Self, Request, grpc.ServicerContext], Response],
]:
    """Ends a call that raises with the status of what it raised."""

    def decorate(
        method: Callable[[Self, Request, grpc.ServicerContext], Response],
    ) -> Callable[[Self, Request, grpc.ServicerContext], Response]:
        @functools.wraps(method)
        def call(self: Self, request: Request, context: grpc.ServicerContext) -> Response:
            try:
                return method(self, request, context)
            except Thrown as thrown:
                _abort(context, error_of(thrown, where))

        return call

    return decorate


def answered_stream(
    where: str,
) -> Callable[
    [Callable[[Self, Request, grpc.ServicerContext], Iterator[Response]]],
    Callable[[Self, Request, grpc.ServicerContext], Iterator[Response]],
]:
    """The same for a call that streams its answer."""

    def decorate(
        method: Callable[[Self, Request, grpc.ServicerContext], Iterator[Response]],
    ) -> Callable[[Self, Request, grpc.ServicerContext], Iterator[Response]]:
        @functools.wraps(method)
        def call(self: Self, request: Request, context: grpc.ServicerContext) -> Iterator[Response]:
            try:
                yield from method(self, request, context)
            except Thrown as thrown:
                _abort(context, error_of(thrown, where))

        return call

    return decorate


def _abort(context: grpc.ServicerContext, error: AffinisError) -> NoReturn:
    details: Any = ((DETAILS_KEY, status_of_error(error).SerializeToString()),)
    context.set_trailing_metadata(details)
    context.abort(grpc_code_of(error), error.message)


def _placed(error: AffinisError, where: str) -> AffinisError:
    message = error.message if error.message.startswith("[") else f"[{where}] {error.message}"
    return AffinisError(
        error.code, message, field=error.field, reason=error.reason, retry_after_ms=error.retry_after_ms
    )
