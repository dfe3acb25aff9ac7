"""Items in as few groups as their size allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

from affinis.settings import Settings

M = TypeVar("M", bound=Message)


def batches_of(messages: Iterable[M], settings: Settings) -> Iterator[list[M]]:
    """A message that is larger than a group may be gets a group of its own."""
    batch: list[M] = []
    size = 0
    for message in messages:
        more = message.ByteSize()
        if batch and (len(batch) == settings.max_batch_items or size + more > settings.inline_bytes):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += more
    if batch:
        yield batch
