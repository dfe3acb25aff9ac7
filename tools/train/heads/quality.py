"""The rival that every gain of a variance is to be shown beside: a logistic on the cosine and one number of each side,
its mean log variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pairs import Pairs

RIDGE = 1e-6
STEPS = 100


@dataclass(frozen=True)
class QualityLogistic:
    centre: float
    spread: float
    """Of the mean log variances, which are standardised by them."""
    slopes: np.ndarray
    """float64[10]: the offset first."""

    def scores(self, pairs: Pairs, cosines: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
        """Log odds float64[P] from cosines float64[P] and uncertainty float64[R], the mean log variance of a row."""
        return _terms(pairs, cosines, (uncertainty - self.centre) / self.spread) @ self.slopes


def fit_quality(pairs: Pairs, cosines: np.ndarray, uncertainty: np.ndarray, prior: float) -> QualityLogistic:
    """`prior`: probability of a genuine pair that the pairs are weighted to."""
    rows = np.concatenate([pairs.left, pairs.right])
    centre, spread = float(uncertainty[rows].mean()), float(uncertainty[rows].std() + 1e-9)
    terms = _terms(pairs, cosines, (uncertainty - centre) / spread)
    same = pairs.same
    weights = np.where(same, prior / same.sum(), (1 - prior) / (~same).sum())
    return QualityLogistic(centre, spread, logistic(terms, same, weights))


def logistic(terms: np.ndarray, same: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slopes float64[T] of a weighted logistic regression by Newton's method; terms float64[P, T], weights sum to 1."""
    slopes = np.zeros(terms.shape[1])
    for _ in range(STEPS):
        chance = 0.5 * (1 + np.tanh(terms @ slopes / 2))
        gradient = terms.T @ (weights * (chance - same)) + RIDGE * slopes
        curvature = (terms * (weights * chance * (1 - chance))[:, None]).T @ terms + RIDGE * np.eye(len(slopes))
        step = np.linalg.solve(curvature, gradient)
        shrink = 1.0
        before = _loss(terms, same, weights, slopes)
        while shrink > 1e-6 and _loss(terms, same, weights, slopes - shrink * step) > before:
            shrink /= 2
        slopes = slopes - shrink * step
        if gradient @ step < 1e-12:
            break
    return slopes


def _loss(terms: np.ndarray, same: np.ndarray, weights: np.ndarray, slopes: np.ndarray) -> float:
    odds = terms @ slopes
    return float(weights @ np.logaddexp(0, np.where(same, -odds, odds)) + RIDGE / 2 * slopes @ slopes)


def _terms(pairs: Pairs, score: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
    """float64[P, 10]"""
    left, right = uncertainty[pairs.left], uncertainty[pairs.right]
    worse, better = np.maximum(left, right), np.minimum(left, right)
    both = worse * better
    return np.stack(
        [
            np.ones_like(score),
            score,
            worse,
            better,
            worse**2,
            both,
            better**2,
            score * worse,
            score * better,
            score * both,
        ],
        axis=1,
    )
