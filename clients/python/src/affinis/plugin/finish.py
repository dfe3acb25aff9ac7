"""What an author's `embed` returned, checked and packed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from affinis.errors import AffinisError
from affinis.plugin.component import Embedded, Embedder, Gaussian
from affinis.plugin.identity import Identity
from affinis.v1 import embedding_pb2


def finish(embedder: Embedder[Any, Any], identity: Identity, embedded: Embedded) -> embedding_pb2.Embedding:
    """Raises `invalid-argument` where the sample gave no usable values, and `internal` where the embedder breaks what
    it declares: dimension or kind of variance."""
    point = embedded if isinstance(embedded, Gaussian) else Gaussian(np.asarray(embedded))
    mean, variance = _scaled(embedder, _vector(point.mean), point.variance)
    _check_mean(embedder, mean)
    _check_variance(embedder, variance)
    return embedding_pb2.Embedding(
        mean=mean.astype("<f4").tobytes(),
        variance=b"" if variance is None else variance.astype("<f4").tobytes(),
        unit_norm=embedder.unit_norm,
        space=identity.space,
        variance_id=identity.variance_id,
        dimension=len(mean),
    )


def _vector(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(values, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise AffinisError("internal", "embed returned no numbers; return one vector a sample") from None


def _scaled(
    embedder: Embedder[Any, Any], mean: npt.NDArray[np.float64], variance: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
    norm = float(np.linalg.norm(mean)) if embedder.unit_norm else 1.0
    scale = norm if np.isfinite(norm) and norm > 0 else 1.0
    with np.errstate(over="ignore"):
        scaled = (mean / scale).astype(np.float32)
        return scaled, None if variance is None else (_vector(variance) / scale**2).astype(np.float32)


def _check_mean(embedder: Embedder[Any, Any], mean: npt.NDArray[np.float32]) -> None:
    if len(mean) != embedder.dimension:
        raise AffinisError("internal", f"embed returned {len(mean)} numbers where dimension is {embedder.dimension}")
    if not np.isfinite(mean).all():
        raise AffinisError("invalid-argument", "the sample gives NaN or infinity; send another", reason="BAD_SAMPLE")
    if not mean.any():
        problem = "the sample gives the zero vector, which has no direction; send another"
        raise AffinisError("invalid-argument", problem, reason="BAD_SAMPLE")


def _check_variance(embedder: Embedder[Any, Any], variance: npt.NDArray[np.float32] | None) -> None:
    expected = {"none": 0, "scalar": 1, "diagonal": embedder.dimension}[embedder.uncertainty]
    found = 0 if variance is None else len(variance)
    if found != expected:
        problem = f"embed returned {found} variances where uncertainty is {embedder.uncertainty}: {expected}"
        raise AffinisError("internal", problem)
    if variance is not None and not (np.isfinite(variance).all() and (variance > 0).all()):
        problem = "the sample gives a variance that is not finite and above zero; send another"
        raise AffinisError("invalid-argument", problem, reason="BAD_SAMPLE")
