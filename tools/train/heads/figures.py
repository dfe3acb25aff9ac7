"""Error rates of scored pairs, under weights of subjects where a bootstrap asks for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .pairs import Pairs
from .settings import RATES

NAMES = [
    "clean.eer",
    "clean.tar1e-2",
    "clean.tar1e-3",
    "mixed.eer",
    "mixed.tar1e-2",
    "mixed.tar1e-3",
    "oneThreshold.clean.tar1e-2",
    "oneThreshold.clean.tar1e-3",
    "oneThreshold.mixed.tar1e-2",
    "oneThreshold.mixed.tar1e-3",
    "mixedFmrAtClean1e-3",
]
"""Shares, 0 to 1. `oneThreshold`: true match rates at the threshold that holds the rate on clean AND on mixed pairs.
`mixedFmrAtClean1e-3`: false match rate of mixed pairs at the threshold that gives 1e-3 on clean ones."""


@dataclass(frozen=True)
class Ranking:
    """Pairs in the order of their scores, once, for any number of weightings. Ties count against the scorer."""

    impostors: np.ndarray
    """float64[I], falling."""
    impostor_order: np.ndarray
    genuine: np.ndarray
    """float64[G], falling."""
    genuine_order: np.ndarray
    beats: np.ndarray
    """int64[I]: how many genuine pairs score above each impostor pair."""


def rank(scores: np.ndarray, genuine: int) -> Ranking:
    """scores: float64[P], genuine pairs first."""
    own, strangers = scores[:genuine], scores[genuine:]
    own_order, stranger_order = np.argsort(-own), np.argsort(-strangers)
    impostors, sorted_own = strangers[stranger_order], own[own_order]
    return Ranking(
        impostors=impostors,
        impostor_order=stranger_order.astype(np.int32),
        genuine=sorted_own,
        genuine_order=own_order.astype(np.int32),
        beats=np.searchsorted(-sorted_own, -impostors, side="left"),
    )


@dataclass(frozen=True)
class Curve:
    """A ranking under weights: shares of pairs above each place."""

    ranking: Ranking
    fmr: np.ndarray
    """float64[I + 1]: share of impostor pairs before each place."""
    tar: np.ndarray
    """float64[G + 1]"""

    def threshold(self, rate: float) -> float:
        """Pairs above it match: the lowest whose false match rate does not exceed `rate`."""
        place = np.searchsorted(self.fmr, rate * (1 + 1e-9), side="right") - 1
        return float(self.ranking.impostors[min(place, len(self.ranking.impostors) - 1)])

    def tar_above(self, threshold: float) -> float:
        return float(self.tar[np.searchsorted(-self.ranking.genuine, -threshold, side="left")])

    def fmr_above(self, threshold: float) -> float:
        return float(self.fmr[np.searchsorted(-self.ranking.impostors, -threshold, side="left")])

    def eer(self) -> float:
        missed = 1 - self.tar[self.ranking.beats]
        matched = self.fmr[:-1]
        place = min(int(np.argmax(matched >= missed)), len(matched) - 1) if (matched >= missed).any() else -1
        return float((matched[place] + missed[place]) / 2)


def curve(ranking: Ranking, weights: np.ndarray | None = None) -> Curve:
    """weights: float64[P] of the pairs, genuine first; default: all the same."""
    count = len(ranking.genuine)
    own = np.ones(count) if weights is None else weights[:count][ranking.genuine_order]
    strangers = np.ones(len(ranking.impostors)) if weights is None else weights[count:][ranking.impostor_order]
    return Curve(ranking, _shares(strangers), _shares(own))


def figures(clean: Curve, mixed: Curve) -> np.ndarray:
    """float64, in the order of NAMES."""
    separate = [
        figure
        for each in (clean, mixed)
        for figure in (each.eer(), *(each.tar_above(each.threshold(rate)) for rate in RATES))
    ]
    common = [max(clean.threshold(rate), mixed.threshold(rate)) for rate in RATES]
    together = [each.tar_above(threshold) for each in (clean, mixed) for threshold in common]
    return np.array([*separate, *together, mixed.fmr_above(clean.threshold(RATES[1]))])


def pair_weights(pairs: Pairs, subject_weights: np.ndarray) -> np.ndarray:
    """float64[P]: a genuine pair counts as often as its subject was drawn, an impostor pair as both of its."""
    weights = subject_weights[pairs.left_subject].astype(np.float64)
    weights[pairs.genuine :] *= subject_weights[pairs.right_subject[pairs.genuine :]]
    return weights


def _shares(weights: np.ndarray) -> np.ndarray:
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return sums / sums[-1]
