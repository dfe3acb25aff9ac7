"""Error rates from the scores of genuine and impostor pairs; a higher score is more alike."""

from __future__ import annotations

import numpy as np


def threshold_at_far(impostor: np.ndarray, far: float) -> float:
    """The lowest threshold that lets at most `far` of the impostor pairs score at or above it."""
    highest_first = np.sort(impostor)[::-1]
    allowed = int(np.floor(far * len(impostor)))
    return float(np.nextafter(highest_first[allowed], np.inf, dtype=highest_first.dtype))


def equal_error_rate(genuine: np.ndarray, impostor: np.ndarray) -> tuple[float, float]:
    """The error rate where both kinds are closest, and the threshold there."""
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    missed = np.searchsorted(np.sort(genuine), thresholds) / len(genuine)
    accepted = 1 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    nearest = int(np.abs(missed - accepted).argmin())
    return float((missed[nearest] + accepted[nearest]) / 2), float(thresholds[nearest])


def best_threshold(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """The threshold with the most correct decisions, half-way between two scores."""
    scores = np.unique(np.concatenate([genuine, impostor]))
    thresholds = np.concatenate([scores[:1], (scores[1:] + scores[:-1]) / 2])
    accepted = len(genuine) - np.searchsorted(np.sort(genuine), thresholds)
    refused = np.searchsorted(np.sort(impostor), thresholds)
    return float(thresholds[int((accepted + refused).argmax())])


def unit_distance(cosine: float) -> float:
    """The Euclidean distance of two unit vectors with this cosine."""
    return float(np.sqrt(max(0.0, 2 - 2 * cosine)))


def summary(genuine: np.ndarray, impostor: np.ndarray) -> str:
    rate, at = equal_error_rate(genuine, impostor)
    lines = [f"{len(genuine)} genuine, {len(impostor)} impostor pairs; EER {rate:.4f} at {at:.4f}"]
    for far in (1e-2, 1e-3):
        threshold = threshold_at_far(impostor, far)
        tar = (genuine >= threshold).mean()
        lines.append(f"FAR {far:g}: cosine {threshold:.4f}, distance {unit_distance(threshold):.4f}, TAR {tar:.4f}")
    return "\n".join(lines)
