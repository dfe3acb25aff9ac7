"""`affinis.v1.Metric` over a plugin's metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np

from affinis.errors import AffinisError, status_of_error
from affinis.plugin.component import Block, Matrix, Metric
from affinis.plugin.guard import answered, answered_stream, attempt
from affinis.plugin.instances import Instances, check_active
from affinis.plugin.read_embeddings import check_comparable, read_block, read_embedding
from affinis.result import Failure
from affinis.v1 import identity_pb2, metric_pb2, metric_pb2_grpc, timings_pb2

MetricInstances = Instances[Metric[Any], metric_pb2.MetricDescription]

#: Most scores in one message of a matrix: 256 KiB of float32.
_SCORES_PER_MESSAGE = 65_536


class MetricService(metric_pb2_grpc.MetricServicer):
    """Answers `Score` and `ScoreMatrix` by the instance that the call names."""

    def __init__(self, instances: MetricInstances) -> None:
        self._instances = instances

    @answered("plugin")
    def ListMetrics(
        self, request: metric_pb2.ListMetricsRequest, context: grpc.ServicerContext
    ) -> metric_pb2.ListMetricsResponse:
        """The instances that are configured."""
        descriptions = [instance.description for instance in self._instances.all()]
        return metric_pb2.ListMetricsResponse(metrics=descriptions)

    @answered("plugin")
    def Score(self, request: metric_pb2.ScoreRequest, context: grpc.ServicerContext) -> metric_pb2.ScoreResponse:
        """One result a pair, in order; a bad pair fails alone."""
        instance = self._instances.of_call(context, request.metric)
        if not request.pairs:
            raise AffinisError("invalid-argument", "pairs is empty; send at least one", field="pairs", reason="EMPTY")
        results = []
        with instance.used_by(context) as metric:
            started = time.perf_counter()
            for index, pair in enumerate(request.pairs):
                check_active(context)
                results.append(_result(metric, pair, index))
            timings = timings_pb2.Timings(score_ms=(time.perf_counter() - started) * 1000)
        return metric_pb2.ScoreResponse(results=results, metric=_identity(instance.description), timings=timings)

    @answered_stream("plugin")
    def ScoreMatrix(
        self, request: metric_pb2.ScoreMatrixRequest, context: grpc.ServicerContext
    ) -> Iterator[metric_pb2.ScoreMatrixResponse]:
        """Tiles that cover the matrix once, row after row."""
        instance = self._instances.of_call(context, request.metric)
        queries = read_block(request.queries, "queries")
        references = read_block(request.references, "references")
        same_variance = request.queries.variance_id == request.references.variance_id
        check_comparable(instance.component, queries, references, same_variance, ("queries", "references"))
        columns = min(len(references.means), _SCORES_PER_MESSAGE)
        most = max(1, _SCORES_PER_MESSAGE // columns)
        rows = min(request.rows_per_block or most, most)
        with instance.used_by(context) as metric:
            for first_query in range(0, len(queries.means), rows):
                for first_reference in range(0, len(references.means), columns):
                    check_active(context)
                    some = _rows(queries, first_query, rows)
                    others = _rows(references, first_reference, columns)
                    scores = score_block(metric, some, others)
                    yield metric_pb2.ScoreMatrixResponse(
                        first_query=first_query,
                        query_count=len(some.means),
                        first_reference=first_reference,
                        reference_count=len(others.means),
                        scores=scores.astype("<f4").tobytes(),
                        metric=_identity(instance.description),
                    )


def score_block(metric: Metric[Any], queries: Block, references: Block) -> Matrix:
    """float64[N, M], finite. Raises `internal` for another shape and `invalid-argument` for NaN or infinity."""
    scores = np.asarray(metric.score_block(queries, references), np.float64)
    expected = (len(queries.means), len(references.means))
    if scores.shape != expected:
        raise AffinisError(
            "internal", f"score_block returned {list(scores.shape)} scores where {list(expected)} are due"
        )
    if not np.isfinite(scores).all():
        problem = "gives no finite score for these values; check their scale"
        raise AffinisError("invalid-argument", problem, reason="NON_FINITE_SCORE")
    return scores


def _result(metric: Metric[Any], pair: metric_pb2.ScorePair, index: int) -> metric_pb2.ScoreResult:
    result = attempt(metric.id, _score, metric, pair)
    if isinstance(result, Failure):
        return metric_pb2.ScoreResult(id=pair.id, status=status_of_error(result.error.at(f"pairs[{index}]")))
    return metric_pb2.ScoreResult(id=pair.id, score=result.value)


def _score(metric: Metric[Any], pair: metric_pb2.ScorePair) -> float:
    left, right = read_embedding(pair.left, "left"), read_embedding(pair.right, "right")
    check_comparable(metric, left, right, pair.left.variance_id == pair.right.variance_id, ("left", "right"))
    return float(score_block(metric, left, right)[0, 0])


def _rows(block: Block, first: int, count: int) -> Block:
    rows = slice(first, first + count)
    variances = None if block.variances is None else block.variances[rows]
    return Block(block.means[rows], variances, block.unit_norm, block.space)


def _identity(description: metric_pb2.MetricDescription) -> identity_pb2.MetricIdentity:
    return identity_pb2.MetricIdentity(name=description.name, polarity=description.polarity)
