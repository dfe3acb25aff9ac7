"""A batch of samples through an author's `embed` or `embed_batch`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import grpc

from affinis.errors import AffinisError
from affinis.plugin.component import Embedded, Embedder
from affinis.plugin.finish import finish
from affinis.plugin.guard import Thrown, attempt
from affinis.plugin.identity import Identity
from affinis.plugin.instances import check_active
from affinis.result import Failure, Result
from affinis.samples import RawSample
from affinis.v1 import embedding_pb2

#: An embedding and its share of the time, in milliseconds.
Embedding = tuple[embedding_pb2.Embedding, float]


def embed_samples(
    embedder: Embedder[Any, Any],
    identity: Identity,
    samples: Sequence[Result[RawSample]],
    context: grpc.ServicerContext,
) -> list[Result[Embedding]]:
    """One result a sample, in order; those that could not be read stay as they are."""
    good = [sample.value for sample in samples if sample.ok]
    embedded = iter(_embed_all(embedder, identity, good, context))
    return [sample if isinstance(sample, Failure) else next(embedded) for sample in samples]


def _embed_all(
    embedder: Embedder[Any, Any], identity: Identity, samples: Sequence[RawSample], context: grpc.ServicerContext
) -> list[Result[Embedding]]:
    if len(samples) > 1 and type(embedder).embed_batch is not Embedder.embed_batch:
        try:
            return _embed_batch(embedder, identity, samples)
        except Thrown:
            # Whose fault it was is found by asking for each alone.
            pass
    results: list[Result[Embedding]] = []
    for sample in samples:
        check_active(context)
        results.append(attempt(embedder.id, _embed_alone, embedder, identity, sample))
    return results


def _embed_alone(embedder: Embedder[Any, Any], identity: Identity, sample: RawSample) -> Embedding:
    return _embed_batch(embedder, identity, [sample])[0].unwrap()


def _embed_batch(
    embedder: Embedder[Any, Any], identity: Identity, samples: Sequence[RawSample]
) -> list[Result[Embedding]]:
    started = time.perf_counter()
    embedded: Sequence[Embedded] = embedder.embed_batch(samples)
    each_ms = (time.perf_counter() - started) * 1000 / len(samples)
    if len(embedded) != len(samples):
        raise AffinisError("internal", f"embed_batch returned {len(embedded)} embeddings for {len(samples)} samples")
    return [attempt(embedder.id, _finished, embedder, identity, each, each_ms) for each in embedded]


def _finished(embedder: Embedder[Any, Any], identity: Identity, embedded: Embedded, inference_ms: float) -> Embedding:
    return finish(embedder, identity, embedded), inference_ms
