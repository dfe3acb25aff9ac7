"""Calls with deadlines, credentials and repetition. What they raise is an AffinisError."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

from affinis.channel import metadata_of, open_channel
from affinis.errors import AffinisError, error_of_call
from affinis.progress import Progress
from affinis.settings import Settings

Request = TypeVar("Request")
Response = TypeVar("Response")
T = TypeVar("T")


class Transport:
    """The three things that a client does with its channel."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.channel = open_channel(settings)
        self._metadata = metadata_of(settings)

    def unary(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        deadline_ms: int | None = None,
    ) -> Response:
        """One answer to one request, repeated as `with_retry` does."""
        ends_at = time.monotonic() + (deadline_ms or self.settings.deadline_ms) / 1000

        def once() -> Response:
            try:
                return method(request, timeout=ends_at - time.monotonic(), metadata=self._metadata)
            except grpc.RpcError as thrown:
                raise error_of_call(thrown, self.settings.address) from thrown

        return self.with_retry(once, deadline_ms)

    def duplex(
        self,
        method: grpc.StreamStreamMultiCallable[Request, Response],
        requests: Callable[[Progress], Iterator[Request]],
        idle_ms: int,
    ) -> Iterator[Response]:
        """Sends while answers come in; leaving the loop cancels the call. What `requests` raises comes out as it is."""
        progress = Progress(idle_ms)
        raised: list[Exception] = []

        def sending() -> Iterator[Request]:
            try:
                yield from requests(progress)
            except Exception as error:
                raised.append(error)
                raise

        call = method(sending(), metadata=self._metadata)
        with progress.watched(call.cancel):
            try:
                for response in call:
                    progress.answered()
                    yield response
            except grpc.RpcError as thrown:
                if raised:
                    raise raised[0] from None
                if progress.stalled:
                    message = f"[client] no progress for {idle_ms} ms; raise deadline_ms if the server is slow"
                    raise AffinisError("deadline-exceeded", message) from thrown
                raise error_of_call(thrown, self.settings.address) from thrown
            finally:
                call.cancel()

    def with_retry(self, call: Callable[[], T], deadline_ms: int | None = None) -> T:
        """Repeats what failed with a `retry_after_ms` from the server, for as long as attempts and the deadline allow.
        What failed as unreachable the channel has repeated already."""
        retry = self.settings.retry
        ends_at = time.monotonic() + (deadline_ms or self.settings.deadline_ms) / 1000
        attempts_left = retry.attempts if retry else 1
        while True:
            attempts_left -= 1
            try:
                return call()
            except AffinisError as error:
                if error.code != "resource-exhausted" or error.retry_after_ms is None or attempts_left <= 0:
                    raise
                wait_s = error.retry_after_ms / 1000 * random.uniform(1, 1.2)
                if time.monotonic() + wait_s >= ends_at:
                    raise
                time.sleep(wait_s)

    def close(self) -> None:
        """Calls in flight are cancelled."""
        self.channel.close()
