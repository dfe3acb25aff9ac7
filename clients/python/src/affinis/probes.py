"""Probes of a search as one message can hold them."""

from __future__ import annotations

from collections.abc import Iterable

from affinis.ask import ask
from affinis.embedding import Embedding
from affinis.errors import AffinisError
from affinis.protocols import Side, embed_protocol, samples_of, samples_to_proto
from affinis.result import Failure
from affinis.samples import Sample
from affinis.transport import Transport
from affinis.v1 import embedder_pb2_grpc, gallery_pb2, gallery_pb2_grpc, similarity_pb2, similarity_pb2_grpc


def shrink_probes(
    transport: Transport, probes: Iterable[Side], gallery: str, pipeline: str, deadline_ms: int | None
) -> list[gallery_pb2.IdentifyItem | Failure]:
    """Of those that are larger, the samples are embedded first, over a stream, by the embedder of the pipeline that
    will search. What cannot be sent or embedded fails alone."""
    embedder = ""
    items: list[gallery_pb2.IdentifyItem | Failure] = []
    for index, probe in enumerate(probes):
        try:
            messages = samples_to_proto(probe, "samples")
            if sum(message.ByteSize() for message in messages) > transport.settings.inline_bytes:
                embedder = embedder or _embedder_of(transport, gallery, pipeline, deadline_ms)
                messages = samples_to_proto(_embedded(transport, embedder, probe, deadline_ms), "samples")
            items.append(gallery_pb2.IdentifyItem(id=str(index), samples=messages))
        except AffinisError as error:
            items.append(Failure(error))
    return items


def _embedded(transport: Transport, embedder: str, probe: Side, deadline_ms: int | None) -> list[Sample]:
    samples = samples_of(probe)
    protocol = embed_protocol(embedder_pb2_grpc.EmbedderStub(transport.channel), embedder)
    raw = {index: sample for index, sample in enumerate(samples) if not isinstance(sample, Embedding)}
    for index, result in zip(raw, ask(transport, protocol, raw.values(), deadline_ms), strict=True):
        if not result.ok:
            code, message, reason = result.error.code, result.error.message, result.error.reason
            raise AffinisError(code, message, field=f"samples[{index}]", reason=reason)
        samples[index] = result.value.embedding
    return samples


def _embedder_of(transport: Transport, gallery: str, pipeline: str, deadline_ms: int | None) -> str:
    similarity = similarity_pb2_grpc.SimilarityStub(transport.channel)
    store = gallery_pb2_grpc.GalleryStub(transport.channel)
    galleries = transport.unary(store.ListGalleries, gallery_pb2.ListGalleriesRequest(), deadline_ms).galleries
    name = pipeline or next((each.pipeline for each in galleries if each.name == gallery), "")
    pipelines = transport.unary(similarity.ListPipelines, similarity_pb2.ListPipelinesRequest(), deadline_ms).pipelines
    for each in pipelines:
        if each.name == name:
            return each.embedder
    message = f'[client] no gallery "{gallery}", or no pipeline "{name}" to embed by'
    raise AffinisError("not-found", message, field="gallery")
