"""Media that are larger than one message, in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Union

from affinis.v1 import chunk_pb2, embedder_pb2, gallery_pb2, sample_pb2, similarity_pb2

#: One thing of a batch.
Item = Union[embedder_pb2.EmbedItem, similarity_pb2.VerifyItem, gallery_pb2.EnrollItem, gallery_pb2.IdentifyItem]

_Medium = Union[sample_pb2.Media, sample_pb2.Pcm, sample_pb2.Tensor]

_LARGEST_CHUNK_BYTES = 256 * 1024


def split_item(item: Item, inline_bytes: int) -> Iterator[chunk_pb2.Chunk]:
    """Takes the bytes out of an item with more than `inline_bytes` of them, and gives them as the chunks to follow."""
    media = [medium for sample in _samples_of(item) if (medium := _medium_of(sample)) is not None]
    payloads = [payload for medium in media if (payload := _bytes_of(medium))]
    if sum(map(len, payloads)) <= inline_bytes:
        return iter(())
    for medium in media:
        _announce(medium)
    return _chunks(item.id, payloads, min(_LARGEST_CHUNK_BYTES, inline_bytes))


def _samples_of(item: Item) -> list[sample_pb2.Sample]:
    if isinstance(item, embedder_pb2.EmbedItem):
        return [item.sample]
    if isinstance(item, similarity_pb2.VerifyItem):
        return [*item.left.samples, *item.right.samples]
    return list(item.samples)


def _medium_of(sample: sample_pb2.Sample) -> _Medium | None:
    kind = sample.WhichOneof("content")
    if kind == "media":
        return sample.media
    if kind == "pcm":
        return sample.pcm
    return sample.tensor if kind == "tensor" else None


def _bytes_of(medium: _Medium) -> bytes:
    return medium.samples if isinstance(medium, sample_pb2.Pcm) else medium.data


def _announce(medium: _Medium) -> None:
    medium.chunked_bytes = len(_bytes_of(medium))
    if isinstance(medium, sample_pb2.Pcm):
        medium.samples = b""
    else:
        medium.data = b""


def _chunks(item_id: str, payloads: list[bytes], chunk_bytes: int) -> Iterator[chunk_pb2.Chunk]:
    for medium, data in enumerate(payloads):
        for offset in range(0, len(data), chunk_bytes):
            piece = data[offset : offset + chunk_bytes]
            yield chunk_pb2.Chunk(item_id=item_id, medium=medium, offset=offset, data=piece)
