"""A server, as typed methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Literal

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from affinis.answers import EmbedAnswer, VerifyAnswer, score_result
from affinis.ask import ask, ask_stream
from affinis.batches import batches_of
from affinis.embedding import Embedding, embedding_to_proto
from affinis.galleries import GalleryCalls
from affinis.protocols import Side, compare_protocol, embed_protocol, verify_protocol
from affinis.result import Result
from affinis.samples import Sample
from affinis.settings import Retry, Settings, Tls
from affinis.transport import Transport
from affinis.v1 import embedder_pb2, embedder_pb2_grpc, metric_pb2, metric_pb2_grpc, similarity_pb2, similarity_pb2_grpc

ServingState = Literal["serving", "not-serving", "unknown"]


class Client(GalleryCalls):
    """Connects at the first call; safe to use from several threads.

    Batches of any size: what does not fit into one message travels as a stream, large media in chunks. One result an
    item, in order; a call that fails as a whole raises an AffinisError. `deadline_ms` is the longest time for a call,
    on a stream the longest time without progress while answers are due.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        tls: Tls | Literal[True] | None = None,
        deadline_ms: int = 10_000,
        retry: Retry | None = Retry(),
        max_message_bytes: int = 4 * 1024 * 1024,
        max_batch_items: int = 256,
    ) -> None:
        """`address`: `HOST:PORT` or `unix:/path/to.sock`. A token beyond this machine needs `tls`; `tls=True` trusts
        the usual authorities. `retry=None` switches repetition off."""
        settings = Settings(
            address=address,
            token=token,
            tls=Tls() if tls is True else tls,
            deadline_ms=deadline_ms,
            retry=retry,
            max_message_bytes=max_message_bytes,
            max_batch_items=max_batch_items,
        )
        super().__init__(Transport(settings))
        channel = self._transport.channel
        self._embedder = embedder_pb2_grpc.EmbedderStub(channel)
        self._metric = metric_pb2_grpc.MetricStub(channel)
        self._similarity = similarity_pb2_grpc.SimilarityStub(channel)
        self._check_health: grpc.UnaryUnaryMultiCallable[
            health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
        ] = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]

    def list_embedders(self, *, deadline_ms: int | None = None) -> Sequence[embedder_pb2.EmbedderDescription]:
        """All that are configured, also those that cannot be used now."""
        request = embedder_pb2.ListEmbeddersRequest()
        return self._transport.unary(self._embedder.ListEmbedders, request, deadline_ms).embedders

    def embed(
        self, samples: Iterable[Sample], *, embedder: str = "", deadline_ms: int | None = None
    ) -> list[Result[EmbedAnswer]]:
        """`embedder` empty: the one of the default pipeline of each sample's kind."""
        return ask(self._transport, embed_protocol(self._embedder, embedder), samples, deadline_ms)

    def embed_stream(
        self, items: Iterable[tuple[str, Sample]], *, embedder: str = "", deadline_ms: int | None = None
    ) -> Iterator[tuple[str, Result[EmbedAnswer]]]:
        """Takes (id, sample), gives (id, result) as they come, in any order."""
        return ask_stream(self._transport, embed_protocol(self._embedder, embedder), items, deadline_ms)

    def list_metrics(self, *, deadline_ms: int | None = None) -> Sequence[metric_pb2.MetricDescription]:
        """All that are configured."""
        request = metric_pb2.ListMetricsRequest()
        return self._transport.unary(self._metric.ListMetrics, request, deadline_ms).metrics

    def score(
        self, pairs: Iterable[tuple[Embedding, Embedding]], *, metric: str, deadline_ms: int | None = None
    ) -> list[Result[float]]:
        """One score a pair, in as many calls as their size needs."""
        messages = [
            metric_pb2.ScorePair(left=embedding_to_proto(left), right=embedding_to_proto(right))
            for left, right in pairs
        ]
        results: list[Result[float]] = []
        for batch in batches_of(messages, self._transport.settings):
            request = metric_pb2.ScoreRequest(metric=metric, pairs=batch)
            response = self._transport.unary(self._metric.Score, request, deadline_ms)
            results.extend(map(score_result, response.results))
        return results

    def list_pipelines(self, *, deadline_ms: int | None = None) -> Sequence[similarity_pb2.PipelineDescription]:
        """All that are configured, also those that cannot be used now."""
        request = similarity_pb2.ListPipelinesRequest()
        return self._transport.unary(self._similarity.ListPipelines, request, deadline_ms).pipelines

    def verify(
        self, pairs: Iterable[tuple[Side, Side]], *, pipeline: str = "", deadline_ms: int | None = None
    ) -> list[Result[VerifyAnswer]]:
        """Whether the two sides of each pair are alike. `pipeline` empty: the default one of each pair's kind."""
        return ask(self._transport, verify_protocol(self._similarity, pipeline), pairs, deadline_ms)

    def verify_stream(
        self, items: Iterable[tuple[str, tuple[Side, Side]]], *, pipeline: str = "", deadline_ms: int | None = None
    ) -> Iterator[tuple[str, Result[VerifyAnswer]]]:
        """Takes (id, pair), gives (id, result) as they come, in any order."""
        return ask_stream(self._transport, verify_protocol(self._similarity, pipeline), items, deadline_ms)

    def compare(
        self, pairs: Iterable[tuple[Side, Side]], *, pipelines: Sequence[str] = (), deadline_ms: int | None = None
    ) -> list[Result[dict[str, Result[VerifyAnswer]]]]:
        """By several pipelines, by name. `pipelines` empty: every available one of each pair's kind."""
        return ask(self._transport, compare_protocol(self._similarity, pipelines), pairs, deadline_ms)

    def health(self, service: str = "", *, deadline_ms: int | None = None) -> ServingState:
        """Of the server as a whole, of a service such as `affinis.v1.Embedder`, or of `pipelines/NAME`."""
        request = health_pb2.HealthCheckRequest(service=service)
        status = self._transport.unary(self._check_health, request, deadline_ms).status
        if status == health_pb2.HealthCheckResponse.SERVING:
            return "serving"
        return "not-serving" if status == health_pb2.HealthCheckResponse.NOT_SERVING else "unknown"

    def close(self) -> None:
        """Calls in flight are cancelled, new ones fail."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
