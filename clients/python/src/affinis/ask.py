"""One result an item: by one call where everything fits into a message, else by a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc

from affinis.chunks import Item, split_item
from affinis.errors import AffinisError
from affinis.progress import Progress
from affinis.result import Failure, Result
from affinis.transport import Transport

Input = TypeVar("Input")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Protocol(Generic[Input, Answer]):
    """One question that a batch call and a stream answer alike."""

    #: An item with an id. Raises `invalid-argument` for what cannot be sent.
    message: Callable[[str, Input], Item]
    batch: grpc.UnaryUnaryMultiCallable[Any, Any]
    #: A request with these items.
    batch_request: Callable[[Sequence[Any]], Any]
    stream: grpc.StreamStreamMultiCallable[Any, Any]
    #: Class of the stream's messages: a start, an item or a chunk.
    stream_request: Callable[..., Any]
    start: Any
    #: What became of an item.
    read: Callable[[Any], Result[Answer]]


def ask(
    transport: Transport, protocol: Protocol[Input, Answer], inputs: Iterable[Input], deadline_ms: int | None = None
) -> list[Result[Answer]]:
    """One result an input, in order. Raises where the call fails as a whole."""
    named = [(str(index), each) for index, each in enumerate(inputs)]
    messages = _messages_of_one_call(transport, protocol, named)
    if messages is not None:
        results = dict(_ask_batch(transport, protocol, messages, deadline_ms))
    else:
        results = transport.with_retry(lambda: dict(ask_stream(transport, protocol, named, deadline_ms)), deadline_ms)
    return [results.get(item_id) or Failure(_unanswered()) for item_id, _ in named]


def ask_stream(
    transport: Transport,
    protocol: Protocol[Input, Answer],
    inputs: Iterable[tuple[str, Input]],
    deadline_ms: int | None = None,
) -> Iterator[tuple[str, Result[Answer]]]:
    """Results with their ids, as they come, in any order."""
    unsent: list[tuple[str, Result[Answer]]] = []

    def requests(progress: Progress) -> Iterator[Any]:
        yield protocol.stream_request(start=protocol.start)
        for item_id, each in inputs:
            item = _message(protocol, item_id, each)
            if isinstance(item, Failure):
                unsent.append((item_id, item))
                continue
            chunks = split_item(item, transport.settings.inline_bytes)
            progress.sent(1)
            yield protocol.stream_request(item=item)
            for chunk in chunks:
                progress.sent()
                yield protocol.stream_request(chunk=chunk)

    idle_ms = deadline_ms or transport.settings.deadline_ms
    for response in transport.duplex(protocol.stream, requests, idle_ms):
        while unsent:
            yield unsent.pop(0)
        yield response.result.id, protocol.read(response.result)
    yield from unsent


def _messages_of_one_call(
    transport: Transport, protocol: Protocol[Input, Answer], named: Sequence[tuple[str, Input]]
) -> list[tuple[str, Item | Failure]] | None:
    """None where there is too much for one."""
    settings = transport.settings
    if len(named) > settings.max_batch_items:
        return None
    messages: list[tuple[str, Item | Failure]] = []
    left_bytes = settings.inline_bytes
    for item_id, each in named:
        message = _message(protocol, item_id, each)
        left_bytes -= 0 if isinstance(message, Failure) else message.ByteSize()
        if left_bytes < 0:
            return None
        messages.append((item_id, message))
    return messages


def _ask_batch(
    transport: Transport,
    protocol: Protocol[Input, Answer],
    messages: Sequence[tuple[str, Item | Failure]],
    deadline_ms: int | None,
) -> Iterator[tuple[str, Result[Answer]]]:
    yield from ((item_id, each) for item_id, each in messages if isinstance(each, Failure))
    items = [each for _, each in messages if not isinstance(each, Failure)]
    if items:
        response = transport.unary(protocol.batch, protocol.batch_request(items), deadline_ms)
        yield from ((result.id, protocol.read(result)) for result in response.results)


def _message(protocol: Protocol[Input, Answer], item_id: str, each: Input) -> Item | Failure:
    try:
        return protocol.message(item_id, each)
    except AffinisError as error:
        return Failure(error)


def _unanswered() -> AffinisError:
    return AffinisError(
        "internal", "[client] the server did not answer this item; are client and server of one version?"
    )
