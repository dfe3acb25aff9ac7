"""The one error of this package, and how it travels as a gRPC status."""

from __future__ import annotations

from typing import Literal, TypeVar, get_args

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

ErrorCode = Literal[
    "invalid-argument",
    "not-found",
    "already-exists",
    "failed-precondition",
    "aborted",
    "resource-exhausted",
    "deadline-exceeded",
    "cancelled",
    "unauthenticated",
    "permission-denied",
    "unavailable",
    "unimplemented",
    "internal",
]

#: Key of the trailer that carries a google.rpc.Status.
DETAILS_KEY = "grpc-status-details-bin"

_DOMAIN = "affinis"
_MOST_TEXT_BYTES = 1024
_STATUS_OF: dict[ErrorCode, grpc.StatusCode] = {
    code: grpc.StatusCode[code.upper().replace("-", "_")] for code in get_args(ErrorCode)
}
_CODE_OF: dict[int, ErrorCode] = {status.value[0]: code for code, status in _STATUS_OF.items()}
_CODE_OF[grpc.StatusCode.OUT_OF_RANGE.value[0]] = "invalid-argument"

_M = TypeVar("_M", bound=Message)


class AffinisError(Exception):
    """Why a call or an item failed.

    `field` is the path of the offending field (`items[3].left.samples[0].media`), `reason` a stable upper-case word for
    programs (`NO_FACE`), `retry_after_ms` the wait after which a repetition may succeed; each is None where unknown.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        reason: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.reason = reason
        self.retry_after_ms = retry_after_ms

    def at(self, prefix: str) -> AffinisError:
        """The same error seen from further out: `prefix` is put before its field path."""
        path = prefix if not self.field else prefix + ("" if self.field.startswith("[") else ".") + self.field
        return AffinisError(self.code, self.message, field=path, reason=self.reason, retry_after_ms=self.retry_after_ms)


def error_of_status(status: status_pb2.Status) -> AffinisError | None:
    """None for success: no status, or code 0. Details that cannot be read are left out."""
    if status.code == 0:
        return None
    info = _detail(status, error_details_pb2.ErrorInfo)
    request = _detail(status, error_details_pb2.BadRequest)
    retry = _detail(status, error_details_pb2.RetryInfo)
    fields = [violation.field for violation in request.field_violations if violation.field] if request else []
    return AffinisError(
        _CODE_OF.get(status.code, "internal"),
        status.message,
        field=fields[0] if fields else None,
        reason=(info.reason or None) if info else None,
        retry_after_ms=retry.retry_delay.ToMilliseconds() if retry else None,
    )


def status_of_error(error: AffinisError) -> status_pb2.Status:
    """An error as the status of an item, with google.rpc details."""
    message = _short(error.message)
    status = status_pb2.Status(code=_STATUS_OF[error.code].value[0], message=message)
    info = error_details_pb2.ErrorInfo(reason=error.reason or error.code.upper().replace("-", "_"), domain=_DOMAIN)
    status.details.add().Pack(info)
    if error.field is not None:
        request = error_details_pb2.BadRequest()
        request.field_violations.add(field=_short(error.field), description=message, reason=info.reason)
        status.details.add().Pack(request)
    if error.retry_after_ms is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(error.retry_after_ms)
        status.details.add().Pack(retry)
    return status


def grpc_code_of(error: AffinisError) -> grpc.StatusCode:
    """The gRPC status code that an error travels as."""
    return _STATUS_OF[error.code]


def error_of_call(thrown: grpc.RpcError, address: str) -> AffinisError:
    """What a client call failed with."""
    if not isinstance(thrown, grpc.Call):
        return AffinisError("internal", f"[client] the call failed: {type(thrown).__name__}")
    for key, value in thrown.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            error = error_of_status(_parsed(status_pb2.Status, value) or status_pb2.Status())
            if error is not None:
                return error
    code = _CODE_OF.get(thrown.code().value[0], "internal")
    message = f"[client] {thrown.details()}"
    if code != "unavailable":
        return AffinisError(code, message)
    hint = f"{message} (no answer from {address}; is the server running there?)"
    return AffinisError(code, hint, reason="UNREACHABLE")


def _detail(status: status_pb2.Status, kind: type[_M]) -> _M | None:
    for detail in status.details:
        if detail.Is(kind.DESCRIPTOR):
            return _parsed(kind, detail.value)
    return None


def _parsed(kind: type[_M], data: bytes) -> _M | None:
    try:
        return kind.FromString(data)
    except DecodeError:
        return None


def _short(text: str) -> str:
    """Well-formed, and short enough for a header."""
    data = text.encode("utf-8", "replace")
    if len(data) <= _MOST_TEXT_BYTES:
        return data.decode()
    return data[: _MOST_TEXT_BYTES - 3].decode("utf-8", "ignore") + "…"
