"""Figures of all scorers with intervals: subjects are drawn anew, the same draw for every scorer and seed."""

from __future__ import annotations

import numpy as np

import progress

from .compare import Compared
from .figures import NAMES, curve, figures, pair_weights, rank


class Judged:
    """Figures float64[1 + draws, scorers, figures], averaged over seeds: first as they are, then of each draw."""

    def __init__(self, compared: list[Compared], subjects: int, draws: int, seed: int = 1) -> None:
        self.scorers = list(compared[0].scores)
        random = np.random.default_rng(seed)
        rankings = [
            {
                name: (rank(scores.clean, one.pairs.clean.genuine), rank(scores.mixed, one.pairs.mixed.genuine))
                for name, scores in one.scores.items()
            }
            for one in compared
        ]
        self.figures = np.zeros((1 + draws, len(self.scorers), len(NAMES)))
        with progress.bar("bootstrap over subjects", 1 + draws) as advance:
            for draw in range(1 + draws):
                drawn = np.bincount(random.integers(0, subjects, subjects), minlength=subjects) if draw else None
                for one, ranked in zip(compared, rankings):
                    weights = [
                        None if drawn is None else pair_weights(pairs, drawn)
                        for pairs in (one.pairs.clean, one.pairs.mixed)
                    ]
                    for at, name in enumerate(self.scorers):
                        clean, mixed = (curve(ranking, weight) for ranking, weight in zip(ranked[name], weights))
                        self.figures[draw, at] += figures(clean, mixed) / len(compared)
                advance(1)

    def of(self, scorer: str) -> dict[str, dict[str, float]]:
        return _with_intervals(self.figures[:, self.scorers.index(scorer)])

    def difference(self, scorer: str, baseline: str) -> dict[str, dict[str, float]]:
        """Paired: both under the same draws."""
        own, other = (self.figures[:, self.scorers.index(name)] for name in (scorer, baseline))
        return _with_intervals(own - other)


def _with_intervals(values: np.ndarray) -> dict[str, dict[str, float]]:
    """float64[1 + draws, figures] to value and 95 % interval by figure."""
    low, high = np.quantile(values[1:], (0.025, 0.975), axis=0)
    return {
        name: {"value": float(values[0, at]), "low": float(low[at]), "high": float(high[at])}
        for at, name in enumerate(NAMES)
    }
