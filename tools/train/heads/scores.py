"""Scores of pairs; higher is more alike. Tensors, so that the pairs loss learns through the same formulas."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .pairs import Pairs

PAIRS_AT_ONCE = 8_192


def mls(left: Tensor, left_variance: Tensor, right: Tensor, right_variance: Tensor) -> Tensor:
    """Mutual likelihood score, Shi and Jain 2019 (arXiv 1904.09658), eq. 3, without its constant. float32[..., D] each,
    which may be broadcast; the last axis is summed."""
    total = left_variance + right_variance
    return -0.5 * ((left - right) ** 2 / total + total.log()).sum(-1)


def mls_llr(
    left: Tensor, left_variance: Tensor, right: Tensor, right_variance: Tensor, mean: Tensor, between: Tensor
) -> Tensor:
    """Logarithm of the likelihood ratio of one subject to two, whose means are Gaussian about the population's with
    variance `between`: the two-covariance model of Brümmer and de Villiers 2010 with a variance for each sample."""
    left, right = left - mean, right - mean
    p, q = between + left_variance, between + right_variance
    determinant = between * (left_variance + right_variance) + left_variance * right_variance  # pq - between²
    same = (q * left**2 - 2 * between * left * right + p * right**2) / determinant + determinant.log()
    different = left**2 / p + p.log() + right**2 / q + q.log()
    return 0.5 * (different - same).sum(-1)


def cosines(embeddings: np.ndarray, pairs: Pairs) -> np.ndarray:
    """float64[P] of embeddings of norm 1, float32[R, D]."""
    return _in_parts(pairs, lambda left, right: np.einsum("pd,pd->p", embeddings[left], embeddings[right]))


def mls_scores(embeddings: np.ndarray, variances: np.ndarray, pairs: Pairs) -> np.ndarray:
    """float64[P]; embeddings and variances float32[R, D]."""
    means, spread = torch.from_numpy(embeddings), torch.from_numpy(variances)
    return _in_parts(
        pairs, lambda left, right: mls(means[left], spread[left], means[right], spread[right]).numpy()
    )


def mls_llr_scores(
    embeddings: np.ndarray, variances: np.ndarray, pairs: Pairs, mean: np.ndarray, between: np.ndarray
) -> np.ndarray:
    """float64[P]; embeddings and variances float32[R, D], mean and between float32[D]."""
    means, spread = torch.from_numpy(embeddings), torch.from_numpy(variances)
    prior = torch.from_numpy(mean), torch.from_numpy(between)
    return _in_parts(
        pairs, lambda left, right: mls_llr(means[left], spread[left], means[right], spread[right], *prior).numpy()
    )


def _in_parts(pairs: Pairs, score) -> np.ndarray:
    parts = [
        score(pairs.left[at : at + PAIRS_AT_ONCE], pairs.right[at : at + PAIRS_AT_ONCE])
        for at in range(0, len(pairs.left), PAIRS_AT_ONCE)
    ]
    scores = np.concatenate(parts).astype(np.float64)
    if not np.isfinite(scores).all():
        raise FloatingPointError(f"{(~np.isfinite(scores)).sum()} of {len(scores)} scores are not finite")
    return scores
