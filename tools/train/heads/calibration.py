"""From a head's raw variance to one that may be scored with: `v = a · v_head^g · v̄^(1-g) + c · w`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import progress

from .figures import NAMES, curve, figures, rank
from .pairs import PairSet, Pairs
from .settings import CLEAN_TOLERANCE, Settings

LARGEST_VARIANCE = 1e6
"""A sample that says nothing, on vectors of norm 1. Beyond it float32 overflows where variances are multiplied."""

Score = Callable[[np.ndarray, Pairs], np.ndarray]
"""Variances float32[R, D] and pairs to scores float64[P]."""


@dataclass(frozen=True)
class Constants:
    a: float
    g: float
    c: float


@dataclass(frozen=True)
class Calibration:
    constants: Constants
    mean_logarithm: float
    """Logarithm of v̄: mean of the head's log variances over samples of the development subjects."""
    within: np.ndarray
    """float32[D]: w, variance within a subject."""

    def variances(self, logarithms: np.ndarray, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Writes the variances of some rows of the head's log variances, float32[R, D], into `out`."""
        a, g, c = self.constants.a, self.constants.g, self.constants.c
        base = np.float32(np.log(a) + (1 - g) * self.mean_logarithm)
        largest = np.float32(np.log(LARGEST_VARIANCE))
        scaled = np.exp(np.minimum(np.float32(g) * logarithms[rows] + base, largest))
        out[rows] = scaled + np.float32(c) * self.within
        return out


def calibrate(
    logarithms: np.ndarray, within: np.ndarray, pairs: PairSet, score: Score, baseline: PairScores, settings: Settings
) -> Calibration:
    """Constants of the grid with the highest merit. `logarithms`: float32[R, D]; `pairs`: of development subjects that
    the head did not see; `baseline`: cosine of these, which clean pairs must not fall behind."""
    rows = np.unique(np.concatenate([pairs.clean.left, pairs.clean.right, pairs.mixed.left, pairs.mixed.right]))
    mean_logarithm = float(logarithms[rows].mean(dtype=np.float64))
    least = own_merit(baseline.figures(pairs)) - CLEAN_TOLERANCE
    out = np.zeros_like(logarithms)
    best: tuple[float, Calibration] | None = None
    grid = [Constants(a, g, c) for a in settings.grid_a for g in settings.grid_g for c in settings.grid_c]
    with progress.bar("constants", len(grid)) as advance:
        for constants in grid:
            tried = Calibration(constants, mean_logarithm, within)
            tried.variances(logarithms, rows, out)
            scores = PairScores(score(out, pairs.clean), score(out, pairs.mixed))
            merit = merit_of(scores.figures(pairs), least)
            if best is None or merit > best[0]:
                best = merit, tried
            advance(1, f"best {best[0]:.4f}")
    if best is None:
        raise ValueError("the grid is empty; give a, g and c at least one number each")
    return best[1]


@dataclass(frozen=True)
class PairScores:
    """float64[P] of the clean and of the mixed pairs."""

    clean: np.ndarray
    mixed: np.ndarray

    def figures(self, pairs: PairSet) -> dict[str, float]:
        curves = (
            curve(rank(scores, of.genuine)) for scores, of in ((self.clean, pairs.clean), (self.mixed, pairs.mixed))
        )
        return dict(zip(NAMES, figures(*curves)))


def merit_of(found: dict[str, float], least_clean: float) -> float:
    """Mean true match rate of clean and mixed pairs at the one threshold that holds each false match rate on both, less
    the mean EER, less what clean pairs lose by themselves. With a threshold for each condition, a variance that shifts
    the scores of one against the other's would pass for a good one."""
    together = [value for name, value in found.items() if name.startswith("oneThreshold.")]
    errors = (found["clean.eer"] + found["mixed.eer"]) / 2
    return float(np.mean(together) - errors - max(0.0, least_clean - own_merit(found)))


def own_merit(found: dict[str, float]) -> float:
    return (found["clean.tar1e-2"] + found["clean.tar1e-3"]) / 2 - found["clean.eer"]
