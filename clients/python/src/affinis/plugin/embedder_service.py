"""`affinis.v1.Embedder` over a plugin's embedders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc

from affinis.errors import AffinisError, status_of_error
from affinis.plugin.component import Embedder
from affinis.plugin.embed_samples import Embedding, embed_samples
from affinis.plugin.guard import answered, attempt
from affinis.plugin.identity import Identity
from affinis.plugin.instances import Instances
from affinis.plugin.read_samples import read_sample
from affinis.result import Failure, Result
from affinis.samples import Media, Pcm, RawSample, Tensor
from affinis.v1 import embedder_pb2, embedder_pb2_grpc, identity_pb2, timings_pb2

EmbedderInstances = Instances[Embedder[Any, Any], tuple[embedder_pb2.EmbedderDescription, Identity]]

_KINDS: dict[type, str] = {Media: "a file", Pcm: "uncompressed sound", Tensor: "a tensor", str: "text"}


class EmbedderService(embedder_pb2_grpc.EmbedderServicer):
    """Answers `Embed` by the instance that the call names."""

    def __init__(self, instances: EmbedderInstances) -> None:
        self._instances = instances

    @answered("plugin")
    def ListEmbedders(
        self, request: embedder_pb2.ListEmbeddersRequest, context: grpc.ServicerContext
    ) -> embedder_pb2.ListEmbeddersResponse:
        """The instances that are configured."""
        descriptions = [instance.description[0] for instance in self._instances.all()]
        return embedder_pb2.ListEmbeddersResponse(embedders=descriptions)

    @answered("plugin")
    def Embed(self, request: embedder_pb2.EmbedRequest, context: grpc.ServicerContext) -> embedder_pb2.EmbedResponse:
        """One result an item, in order; a bad item fails alone."""
        instance = self._instances.of_call(context, request.embedder)
        if not request.items:
            raise AffinisError("invalid-argument", "items is empty; send at least one", field="items", reason="EMPTY")
        description, identity = instance.description
        samples = [attempt(request.embedder, _read, instance.component, item) for item in request.items]
        with instance.used_by(context) as embedder:
            results = embed_samples(embedder, identity, samples, context)
        messages = [
            _message(item.id, index, result, description.model)
            for index, (item, result) in enumerate(zip(request.items, results, strict=True))
        ]
        return embedder_pb2.EmbedResponse(results=messages)

    def EmbedStream(
        self, request_iterator: Iterator[embedder_pb2.EmbedStreamRequest], context: grpc.ServicerContext
    ) -> Iterator[embedder_pb2.EmbedStreamResponse]:
        """No part of the contract of plugins."""
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "[plugin] plugins take no streams; send batches to Embed")


def _read(embedder: Embedder[Any, Any], item: embedder_pb2.EmbedItem) -> RawSample:
    sample = read_sample(item.sample)
    if isinstance(sample, embedder.accepts):
        return sample
    wanted = " or ".join(_KINDS[kind] for kind in embedder.accepts)
    problem = f"sample is {_KINDS[type(sample)]}; send {wanted}"
    raise AffinisError("invalid-argument", problem, field="sample", reason="BAD_SAMPLE")


def _message(
    item_id: str, index: int, result: Result[Embedding], model: identity_pb2.ModelIdentity
) -> embedder_pb2.EmbedResult:
    if isinstance(result, Failure):
        error = result.error.at(f"items[{index}]" if result.error.field else f"items[{index}].sample")
        return embedder_pb2.EmbedResult(id=item_id, status=status_of_error(error))
    embedding, inference_ms = result.value
    timings = timings_pb2.Timings(inference_ms=inference_ms)
    return embedder_pb2.EmbedResult(id=item_id, embedding=embedding, timings=timings, model=model)
