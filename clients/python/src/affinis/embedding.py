"""A point in a vector space, or a Gaussian where it has a variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinis.v1 import embedding_pb2
from affinis.vectors import bytes_of_vector, vector_of_bytes

if TYPE_CHECKING:
    from affinis.vectors import Vector


@dataclass(frozen=True, eq=False)
class Embedding:
    """What an embedder made of a sample. Send it back as it came: `space` says what it may be compared with."""

    #: float32[D], finite, of Euclidean norm 1 where `unit_norm`.
    mean: Vector
    #: Identity of the vector space. Embeddings of two spaces are never compared.
    space: str
    #: float32[1] (one number for all dimensions) or float32[D], above zero. None: a point.
    variance: Vector | None = None
    unit_norm: bool = False
    #: Identity of what made the variance. Empty where there is none.
    variance_id: str = ""


def embedding_to_proto(embedding: Embedding) -> embedding_pb2.Embedding:
    """Ready to send."""
    return embedding_pb2.Embedding(
        mean=bytes_of_vector(embedding.mean),
        variance=b"" if embedding.variance is None else bytes_of_vector(embedding.variance),
        unit_norm=embedding.unit_norm,
        space=embedding.space,
        variance_id=embedding.variance_id,
        dimension=len(embedding.mean),
    )


def embedding_from_proto(message: embedding_pb2.Embedding, field: str) -> Embedding:
    """As it was sent. Raises `invalid-argument` under `field` where the bytes are no float32 values."""
    return Embedding(
        mean=vector_of_bytes(message.mean, f"{field}.mean"),
        space=message.space,
        variance=vector_of_bytes(message.variance, f"{field}.variance") if message.variance else None,
        unit_norm=message.unit_norm,
        variance_id=message.variance_id,
    )
