"""One seed of the comparison: halves of the subjects, three heads, and the scores of people that none of them saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

import progress

from .calibration import Calibration, PairScores, Score, calibrate
from .pairs import Pairs, PairSet, draw_pairs
from .population import Population, population_of
from .quality import fit_quality
from .scores import cosines, mls_llr_scores, mls_scores
from .settings import Settings
from .tensors import Tensors
from .train import train_head


@dataclass(frozen=True)
class Split:
    """Samples, int64[*], of disjoint sets of subjects."""

    train: np.ndarray
    """Heads and population."""
    calibration: np.ndarray
    """Constants and logistics."""
    held_out: np.ndarray
    """Judged."""


@dataclass(frozen=True)
class Compared:
    pairs: PairSet
    scores: dict[str, PairScores]
    """By scorer: `cosine`, `METRIC/LOSS`, `mls/pfe/raw`, `quality/LOSS`."""
    constants: dict[str, dict[str, float]]
    sizes: dict[str, int]


def split(data: Tensors, settings: Settings, seed: int) -> Split:
    subjects = np.random.default_rng(seed).permutation(np.unique(data.subjects))
    half = len(subjects) // 2
    calibration = round(half * settings.calibration_share)
    return Split(
        train=data.of(subjects[calibration:half]),
        calibration=data.of(subjects[:calibration]),
        held_out=data.of(subjects[half:]),
    )


def compare(data: Tensors, settings: Settings, seed: int) -> Compared:
    parts = split(data, settings, seed)
    population = population_of(data.embeddings[parts.train], data.subjects[parts.train], settings.variance_floor)
    tuning = draw_pairs(data, parts.calibration, settings.calibration_impostors, seed + 1_000)
    judged = draw_pairs(data, parts.held_out, settings.impostors, seed + 2_000)
    cosine = PairScores(*(cosines(data.embeddings, pairs) for pairs in (tuning.clean, tuning.mixed)))
    scores = {"cosine": PairScores(*(cosines(data.embeddings, pairs) for pairs in (judged.clean, judged.mixed)))}
    constants: dict[str, dict[str, float]] = {}
    rows = data.rows(np.concatenate([parts.calibration, parts.held_out]))
    for loss in settings.losses:
        trained = train_head(loss, data, parts.train, population, settings, seed)
        logarithms = np.zeros_like(data.embeddings)
        logarithms[rows] = trained.head.log_variances(data.features[rows])
        if loss == "pfe":
            scores["mls/pfe/raw"] = both(judged, lambda pairs: mls_scores(data.embeddings, np.exp(logarithms), pairs))
        for metric in ("mls", "mls-llr"):
            score = scorer_of(metric, data, trained.population)
            progress.step(f"seed {seed}: constants of {metric} on the {loss} head")
            found = calibrate(logarithms, population.within, tuning, score, cosine, settings)
            constants[f"{metric}/{loss}"] = asdict(found.constants)
            scores[f"{metric}/{loss}"] = _judge(judged, score, found, logarithms, rows)
        scores[f"quality/{loss}"] = _quality(data, logarithms, tuning, judged, settings)
    return Compared(judged, scores, constants, sizes_of(data, parts, judged))


def scorer_of(metric: str, data: Tensors, population: Population) -> Score:
    if metric == "mls":
        return lambda variances, pairs: mls_scores(data.embeddings, variances, pairs)
    prior = population.mean, population.between
    return lambda variances, pairs: mls_llr_scores(data.embeddings, variances, pairs, *prior)


def both(pairs: PairSet, score: Callable[[Pairs], np.ndarray]) -> PairScores:
    return PairScores(score(pairs.clean), score(pairs.mixed))


def sizes_of(data: Tensors, parts: Split, pairs: PairSet) -> dict[str, int]:
    """Numbers that bound what may be claimed."""
    subjects = {f"{name} subjects": len(np.unique(data.subjects[samples])) for name, samples in vars(parts).items()}
    return {
        **{name.replace("_", " "): count for name, count in subjects.items()},
        "held out samples": len(parts.held_out),
        "genuine pairs, clean": pairs.clean.genuine,
        "genuine pairs, mixed": pairs.mixed.genuine,
        "impostor pairs": len(pairs.clean.left) - pairs.clean.genuine,
        "of different subject pairs": _subject_pairs(pairs.clean),
    }


def _judge(
    judged: PairSet, score: Score, calibration: Calibration, logarithms: np.ndarray, rows: np.ndarray
) -> PairScores:
    variances = calibration.variances(logarithms, rows, np.zeros_like(logarithms))
    return both(judged, lambda pairs: score(variances, pairs))


def _quality(
    data: Tensors, logarithms: np.ndarray, tuning: PairSet, judged: PairSet, settings: Settings
) -> PairScores:
    uncertainty = logarithms.mean(1, dtype=np.float64)
    seen = tuning.mixed
    fitted = fit_quality(seen, cosines(data.embeddings, seen), uncertainty, settings.quality_prior)
    return both(judged, lambda pairs: fitted.scores(pairs, cosines(data.embeddings, pairs), uncertainty))


def _subject_pairs(pairs: Pairs) -> int:
    sides = np.stack([pairs.left_subject, pairs.right_subject], axis=1)[pairs.genuine :]
    return len(np.unique(np.sort(sides, axis=1), axis=0))
