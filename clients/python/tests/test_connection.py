"""The client with a server that is not there, or that answers badly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from affinis import AffinisError, Client, Retry, Tls
from affinis.errors import DETAILS_KEY, error_of_status, status_of_error
from affinis.v1 import embedder_pb2, embedder_pb2_grpc

Answer = Callable[[int, grpc.ServicerContext], None]


class Moody(embedder_pb2_grpc.EmbedderServicer):
    """Does what it is told at each call, and counts them."""

    def __init__(self, answer: Answer) -> None:
        self.calls = 0
        self.tokens: list[object] = []
        self._answer = answer

    def ListEmbedders(
        self, request: embedder_pb2.ListEmbeddersRequest, context: grpc.ServicerContext
    ) -> embedder_pb2.ListEmbeddersResponse:
        self.calls += 1
        self.tokens.append(dict(context.invocation_metadata()).get("authorization"))
        self._answer(self.calls, context)
        return embedder_pb2.ListEmbeddersResponse()

    def Embed(self, request: embedder_pb2.EmbedRequest, context: grpc.ServicerContext) -> embedder_pb2.EmbedResponse:
        return embedder_pb2.EmbedResponse()

    def EmbedStream(
        self, request_iterator: Iterator[embedder_pb2.EmbedStreamRequest], context: grpc.ServicerContext
    ) -> Iterator[embedder_pb2.EmbedStreamResponse]:
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(30)
        yield from ()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Answer], tuple[Moody, str]]]:
    server = grpc.server(ThreadPoolExecutor(4))

    def start(answer: Answer) -> tuple[Moody, str]:
        service, address = Moody(answer), f"unix:{tmp_path}/s.sock"
        embedder_pb2_grpc.add_EmbedderServicer_to_server(service, server)
        server.add_insecure_port(address)
        server.start()
        return service, address

    yield start
    server.stop(0).wait(5)


Serve = Callable[[Answer], tuple[Moody, str]]


def fail(context: grpc.ServicerContext, error: AffinisError, code: grpc.StatusCode) -> None:
    context.set_trailing_metadata(((DETAILS_KEY, status_of_error(error).SerializeToString()),))
    context.abort(code, error.message)


def test_says_where_no_server_is() -> None:
    retry = Retry(attempts=2, initial_backoff_ms=10)
    unreachable = pytest.raises(AffinisError, match=r"no answer from 127\.0\.0\.1:1")
    with Client("127.0.0.1:1", retry=retry) as client, unreachable as thrown:
        client.list_embedders()
    assert (thrown.value.code, thrown.value.reason) == ("unavailable", "UNREACHABLE")


def test_a_token_goes_with_every_call_and_not_in_the_clear(serve: Serve) -> None:
    service, address = serve(lambda calls, context: None)
    with Client(address, token="t") as client:
        client.list_embedders()
    assert service.tokens == ["Bearer t"]
    with pytest.raises(AffinisError) as thrown:
        Client("affinis.example:443", token="t")
    assert (thrown.value.reason, thrown.value.field) == ("TOKEN_WITHOUT_TLS", "tls")
    Client("affinis.example:443", token="t", tls=True).close()
    Client("affinis.example:443", token="t", tls=Tls(server_name="other")).close()


def test_what_is_unavailable_is_called_again(serve: Serve) -> None:
    def answer(calls: int, context: grpc.ServicerContext) -> None:
        if calls < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")

    service, address = serve(answer)
    with Client(address, retry=Retry(initial_backoff_ms=10)) as client:
        client.list_embedders()
    assert service.calls == 3
    with Client(address, retry=None) as client:
        service.calls = 0
        with pytest.raises(AffinisError, match="not now"):
            client.list_embedders()
    assert service.calls == 1


def test_what_is_exhausted_is_called_again_where_that_helps(serve: Serve) -> None:
    waits: list[int | None] = [30, 30, None]

    def answer(calls: int, context: grpc.ServicerContext) -> None:
        error = AffinisError("resource-exhausted", "full", retry_after_ms=waits[calls - 1], reason="QUEUE_FULL")
        fail(context, error, grpc.StatusCode.RESOURCE_EXHAUSTED)

    service, address = serve(answer)
    with Client(address) as client, pytest.raises(AffinisError) as thrown:
        client.list_embedders()
    assert (service.calls, thrown.value.reason, thrown.value.retry_after_ms) == (3, "QUEUE_FULL", None)


def test_a_wait_beyond_the_deadline_is_not_waited_for(serve: Serve) -> None:
    error = AffinisError("resource-exhausted", "full", retry_after_ms=60_000)
    service, address = serve(lambda calls, context: fail(context, error, grpc.StatusCode.RESOURCE_EXHAUSTED))
    with Client(address, deadline_ms=5000) as client, pytest.raises(AffinisError) as thrown:
        client.list_embedders()
    assert (service.calls, thrown.value.retry_after_ms) == (1, 60_000)


def test_a_stream_on_which_nothing_moves_ends(serve: Serve) -> None:
    _, address = serve(lambda calls, context: None)
    started = time.monotonic()
    with Client(address, deadline_ms=300) as client, pytest.raises(AffinisError, match="no progress for 300 ms"):
        list(client.embed_stream([("one", "text")]))
    assert time.monotonic() - started < 5


def test_an_item_without_an_answer_fails(serve: Serve) -> None:
    _, address = serve(lambda calls, context: None)
    with Client(address) as client:
        [result] = client.embed(["text"])
    assert not result.ok
    assert (result.error.code, "did not answer" in result.error.message) == ("internal", True)


def test_errors_survive_the_wire() -> None:
    error = AffinisError("not-found", "gone é" * 400, field="items[0]", reason="NO", retry_after_ms=1500)
    back = error_of_status(status_of_error(error))
    assert back is not None
    assert (back.code, back.field, back.reason, back.retry_after_ms) == ("not-found", "items[0]", "NO", 1500)
    assert len(back.message.encode()) <= 1024
    status = status_of_error(AffinisError("internal", "lone \ud800 surrogate"))
    assert status.message == "lone ? surrogate"
