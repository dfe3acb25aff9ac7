"""Rules D1 to D3, D6, D7, D9 and D10 of docs/plugin-contract.md, as they touch metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from conftest import refused

from affinis import Embedding
from affinis.embedding import embedding_to_proto
from affinis.errors import AffinisError, error_of_status
from affinis.plugin.testing import MetricInstance, PluginProcess
from affinis.v1 import embedding_pb2, metric_pb2, metric_pb2_grpc

RANDOM = np.random.default_rng(7)
MEANS = RANDOM.normal(size=(300, 8)).astype(np.float32)
VARIANCES = RANDOM.uniform(0.1, 2, size=(300, 8)).astype(np.float32)


def block(
    means: npt.NDArray[np.float32], variances: npt.NDArray[np.float32] | None = None, space: str = "s"
) -> embedding_pb2.EmbeddingBlock:
    return embedding_pb2.EmbeddingBlock(
        dimension=means.shape[1],
        count=means.shape[0],
        means=means.astype("<f4").tobytes(),
        variance_kind="VARIANCE_KIND_NONE" if variances is None else "VARIANCE_KIND_DIAGONAL",  # type: ignore[arg-type]
        variances=b"" if variances is None else variances.astype("<f4").tobytes(),
        space=space,
        variance_id="" if variances is None else "v",
    )


def matrix(
    toy: PluginProcess,
    metric: MetricInstance,
    queries: embedding_pb2.EmbeddingBlock,
    references: embedding_pb2.EmbeddingBlock,
    rows: int = 0,
) -> npt.NDArray[np.float64]:
    """Put together from its tiles; NaN where none covers it, and a failure where two do."""
    request = metric_pb2.ScoreMatrixRequest(
        metric=metric.component_id, queries=queries, references=references, rows_per_block=rows
    )
    scores = np.full((queries.count, references.count), np.nan)
    for tile in metric_pb2_grpc.MetricStub(toy.channel).ScoreMatrix(request, metadata=metric.metadata):
        place = np.s_[
            tile.first_query : tile.first_query + tile.query_count,
            tile.first_reference : tile.first_reference + tile.reference_count,
        ]
        assert np.isnan(scores[place]).all()
        scores[place] = np.frombuffer(tile.scores, "<f4").reshape(tile.query_count, tile.reference_count)
        assert tile.metric.name == metric.component_id
    return scores


def score(
    toy: PluginProcess, metric: MetricInstance, pairs: Sequence[tuple[embedding_pb2.Embedding, embedding_pb2.Embedding]]
) -> list[metric_pb2.ScoreResult]:
    messages = [metric_pb2.ScorePair(id=str(index), left=pair[0], right=pair[1]) for index, pair in enumerate(pairs)]
    request = metric_pb2.ScoreRequest(metric=metric.component_id, pairs=messages)
    return list(metric_pb2_grpc.MetricStub(toy.channel).Score(request, metadata=metric.metadata).results)


def gaussian(row: int, **more: Any) -> Embedding:
    return replace(Embedding(MEANS[row], "s", VARIANCES[row], variance_id="v"), **more)


def error_code(result: metric_pb2.ScoreResult) -> tuple[str, str | None]:
    error = error_of_status(result.status)
    assert error is not None
    return error.code, error.field


def test_d1_d9_no_instance_and_no_pairs(toy: PluginProcess) -> None:
    stub, manhattan = metric_pb2_grpc.MetricStub(toy.channel), toy.metric("manhattan")
    request = metric_pb2.ScoreRequest(metric="manhattan")
    assert refused(stub.Score, request).code == "not-found"
    assert refused(stub.Score, request, metadata=manhattan.metadata).code == "invalid-argument"
    assert refused(lambda: list(stub.ScoreMatrix(metric_pb2.ScoreMatrixRequest()))).code == "not-found"


def test_d2_d3_one_score_a_pair_in_order_and_a_bad_one_fails_alone(toy: PluginProcess) -> None:
    good = embedding_to_proto(Embedding(MEANS[0], "s")), embedding_to_proto(Embedding(MEANS[1], "s"))
    bad = embedding_pb2.Embedding(), good[1]
    results = score(toy, toy.metric("manhattan"), [good, bad, good])
    assert [result.id for result in results] == ["0", "1", "2"]
    assert [result.status.code for result in results] == [0, 3, 0]
    assert results[0].score == pytest.approx(np.abs(MEANS[0].astype(float) - MEANS[1]).sum(), rel=1e-12)
    assert not results[1].HasField("score")
    assert error_code(results[1]) == ("invalid-argument", "pairs[1].left.mean")


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
def test_d6_the_matrix_is_covered_once_and_gives_what_score_gives(toy: PluginProcess, rows: int) -> None:
    overlap, manhattan = toy.metric("overlap", {"factor": 2}), toy.metric("manhattan")
    scores = matrix(toy, overlap, block(MEANS[:9], VARIANCES[:9]), block(MEANS, VARIANCES), rows)
    pairs = [(gaussian(row), gaussian(299 - row)) for row in range(9)]
    alone = [result.unwrap() for result in overlap.score(pairs)]
    np.testing.assert_allclose([scores[row, 299 - row] for row in range(9)], alone, rtol=1e-5)
    by_rows = matrix(toy, manhattan, block(MEANS[:9]), block(MEANS), rows)
    np.testing.assert_allclose(by_rows, np.abs(MEANS[:9, np.newaxis] - MEANS).sum(axis=2), rtol=1e-5)


def test_d6_a_matrix_of_more_columns_than_one_message_holds(toy: PluginProcess) -> None:
    wide = np.ones((70_000, 1), np.float32)
    scores = matrix(toy, toy.metric("overlap", {"factor": 1}), block(wide[:2], wide[:2]), block(wide, wide))
    assert (scores == 0.5).all()


def test_d6_what_is_not_finite_fails(toy: PluginProcess) -> None:
    infinite = toy.metric("infinite")
    [result] = score(toy, infinite, [(embedding_to_proto(gaussian(0)), embedding_to_proto(gaussian(1)))])
    assert error_code(result) == ("invalid-argument", "pairs[0]")
    assert refused(matrix, toy, infinite, block(MEANS), block(MEANS)).reason == "NON_FINITE_SCORE"


REFUSED = {
    "two spaces": (gaussian(1, space="t"), "failed-precondition", "right.space"),
    "two dimensions": (Embedding(MEANS[0][:4], "s"), "invalid-argument", "right"),
    "no variance": (Embedding(MEANS[0], "s"), "failed-precondition", "right.variance"),
    "two sources of variance": (gaussian(1, variance_id="w"), "failed-precondition", "right.variance_id"),
    "no space": (gaussian(1, space=""), "invalid-argument", "right.space"),
    "a zero variance": (gaussian(1, variance=np.zeros(8, np.float32)), "invalid-argument", "right"),
    "three variances": (gaussian(1, variance=np.ones(3, np.float32)), "invalid-argument", "right.variance"),
    "NaN": (Embedding(np.full(8, math.nan, np.float32), "s"), "invalid-argument", "right"),
    "zero": (Embedding(np.zeros(8, np.float32), "s"), "invalid-argument", "right"),
    "a norm that is none": (gaussian(1, unit_norm=True), "invalid-argument", "right"),
}


@pytest.mark.parametrize(("right", "code", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_d7_d10_what_is_not_compared(toy: PluginProcess, right: Embedding, code: str, field: str) -> None:
    pair = embedding_to_proto(gaussian(0)), embedding_to_proto(right)
    [bad, good] = score(toy, toy.metric("overlap", {"factor": 1}), [pair, (pair[0], pair[0])])
    assert error_code(bad) == (code, f"pairs[0].{field}")
    assert good.status.code == 0


BLOCKS = {
    "two spaces": (block(MEANS, space="t"), "failed-precondition"),
    "two dimensions": (block(MEANS[:, :4]), "invalid-argument"),
    "no rows": (embedding_pb2.EmbeddingBlock(dimension=8, space="s"), "invalid-argument"),
    "no dimension": (embedding_pb2.EmbeddingBlock(count=8, space="s"), "invalid-argument"),
    "missing bytes": (
        embedding_pb2.EmbeddingBlock(dimension=8, count=2, means=bytes(32), space="s"),
        "invalid-argument",
    ),
    "NaN": (block(np.full((2, 8), math.nan, np.float32)), "invalid-argument"),
    "nothing": (embedding_pb2.EmbeddingBlock(), "invalid-argument"),
}


@pytest.mark.parametrize(("references", "code"), BLOCKS.values(), ids=BLOCKS.keys())
def test_d7_d10_blocks_that_are_not_compared(
    toy: PluginProcess, references: embedding_pb2.EmbeddingBlock, code: str
) -> None:
    error: AffinisError = refused(matrix, toy, toy.metric("manhattan"), block(MEANS), references)
    assert (error.code, (error.field or "").startswith("references")) == (code, True)
