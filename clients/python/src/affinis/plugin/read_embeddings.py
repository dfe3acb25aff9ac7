"""Embeddings that a plugin is sent, read and checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from affinis.errors import AffinisError
from affinis.plugin.component import Block, Matrix, Metric
from affinis.plugin.wire import array_of_bytes, invalid
from affinis.v1 import embedding_pb2

MOST_DIMENSIONS = 65536
UNIT_NORM_TOLERANCE = 1e-3


def read_embedding(message: embedding_pb2.Embedding, field: str) -> Block:
    """As a block of one row. Raises `invalid-argument` for what is no embedding."""
    mean = _floats(message.mean, f"{field}.mean")
    if len(mean) < 1:
        raise invalid("has no values", f"{field}.mean", "BAD_EMBEDDING")
    if message.dimension not in (0, len(mean)):
        problem = f"is {message.dimension} but mean has {len(mean)} values"
        raise invalid(problem, f"{field}.dimension", "BAD_EMBEDDING")
    variance = _floats(message.variance, f"{field}.variance")
    if len(variance) not in (0, 1, len(mean)):
        problem = f"has {len(variance)} values; send none, 1 (scalar) or {len(mean)} (diagonal)"
        raise invalid(problem, f"{field}.variance", "BAD_EMBEDDING")
    variances = variance[np.newaxis] if len(variance) else None
    return _checked(Block(mean[np.newaxis], variances, message.unit_norm, message.space), field)


def read_block(message: embedding_pb2.EmbeddingBlock, field: str) -> Block:
    """Raises `invalid-argument` for what is no block of embeddings."""
    rows, dimension = message.count, message.dimension
    if rows < 1:
        raise invalid("is 0; send at least one row", f"{field}.count", "BAD_EMBEDDING")
    per_row = {embedding_pb2.VARIANCE_KIND_SCALAR: 1, embedding_pb2.VARIANCE_KIND_DIAGONAL: dimension}
    width = per_row.get(message.variance_kind, 0)
    means = _rows(message.means, rows, dimension, f"{field}.means")
    variances = _rows(message.variances, rows, width, f"{field}.variances")
    return _checked(Block(means, variances if width else None, message.unit_norm, message.space), field)


def _floats(data: bytes, field: str) -> npt.NDArray[np.float64]:
    return array_of_bytes(data, "<f4", field).astype(np.float64)


def _rows(data: bytes, rows: int, width: int, field: str) -> Matrix:
    values = _floats(data, field)
    if len(values) != rows * width:
        problem = f"is {len(data)} bytes where {rows} rows of {width} float32 values are {4 * rows * width}"
        raise invalid(problem, field, "BAD_EMBEDDING")
    return values.reshape(rows, width)


def _checked(block: Block, field: str) -> Block:
    """Refuses what no metric may see."""
    dimension = block.means.shape[1]
    if not 1 <= dimension <= MOST_DIMENSIONS:
        problem = f"has {dimension} dimensions, outside 1 to {MOST_DIMENSIONS}"
        raise invalid(problem, field, "BAD_EMBEDDING")
    norms = np.linalg.norm(block.means, axis=1)
    if not np.isfinite(norms).all():
        raise invalid("holds NaN or infinity", field, "BAD_EMBEDDING")
    if not norms.all():
        raise invalid("holds the zero vector, which has no direction", field, "BAD_EMBEDDING")
    if block.unit_norm and np.abs(norms - 1).max() > UNIT_NORM_TOLERANCE:
        problem = "is of norm 1 by its unit_norm flag, and it is not; send the values as they were received"
        raise invalid(problem, field, "BAD_EMBEDDING")
    variances = block.variances
    if variances is not None and not (np.isfinite(variances).all() and (variances > 0).all()):
        raise invalid("has a variance that is not finite and above zero", field, "BAD_EMBEDDING")
    if not block.space:
        problem = "is empty; send the space that came with the embedding"
        raise invalid(problem, f"{field}.space", "BAD_EMBEDDING")
    return block


def check_comparable(
    metric: Metric[Any], left: Block, right: Block, same_variance: bool, names: tuple[str, str]
) -> None:
    """Raises where two sides may not be compared by the metric."""
    if left.space != right.space:
        problem = "embeddings of two spaces are never compared; embed both with one model"
        raise AffinisError("failed-precondition", problem, field=f"{names[1]}.space", reason="TWO_SPACES")
    if left.means.shape[1] != right.means.shape[1]:
        problem = f"has {right.means.shape[1]} dimensions where {names[0]} has {left.means.shape[1]}"
        raise invalid(problem, names[1], "BAD_EMBEDDING")
    if not metric.needs_variance:
        return
    for name, side in zip(names, (left, right), strict=True):
        if side.variances is None:
            problem = f"{name} has no variance, and the metric needs one; use an embedder with uncertainty"
            raise AffinisError("failed-precondition", problem, field=f"{name}.variance", reason="NO_VARIANCE")
    if not same_variance:
        problem = "the two variances come from different sources; embed both with one embedder"
        raise AffinisError("failed-precondition", problem, field=f"{names[1]}.variance_id", reason="TWO_VARIANCES")
