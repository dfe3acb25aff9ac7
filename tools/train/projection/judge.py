"""How well distances tell subjects apart: error rates over all pairs, and rank 1."""

from __future__ import annotations

import numpy as np

FIGURES = ("eer", "tar@1e-2", "tar@1e-3", "rank1")


def judge(x: np.ndarray, subjects: np.ndarray) -> dict[str, float]:
    """By cosine. x: float64[N, P]. Shares, 0 to 1; ties count against the projection."""
    unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
    scores = unit @ unit.T
    same = subjects[:, None] == subjects
    upper = np.triu_indices(len(x), 1)
    genuine, impostor = scores[upper][same[upper]], scores[upper][~same[upper]]
    np.fill_diagonal(scores, -np.inf)
    several = same.sum(1) > 1
    nearest = scores.argmax(1)
    return {
        "eer": _eer(genuine, impostor),
        "tar@1e-2": _tar(genuine, impostor, 1e-2),
        "tar@1e-3": _tar(genuine, impostor, 1e-3),
        "rank1": float((subjects[nearest] == subjects)[several].mean()),
    }


def _tar(genuine: np.ndarray, impostor: np.ndarray, rate: float) -> float:
    """At the lowest threshold with at most that share of impostor pairs at or above it."""
    allowed = int(rate * len(impostor) * (1 + 1e-9))
    threshold = -np.partition(-impostor, allowed)[allowed]
    return float((genuine > threshold).mean())


def _eer(genuine: np.ndarray, impostor: np.ndarray) -> float:
    own, strangers = np.sort(genuine), np.sort(impostor)
    thresholds = np.concatenate([own, [np.inf]])
    missed = np.arange(len(own) + 1) / len(own)
    matched = 1 - np.searchsorted(strangers, thresholds, side="left") / len(strangers)
    place = int(np.argmax(missed >= matched))
    return float(max(missed[place], matched[place]) if place == 0 else min(max(missed[i], matched[i]) for i in (place - 1, place)))
