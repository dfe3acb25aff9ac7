"""One seed: the stage fine-tuned either way, drawn back to equal clean accuracy, and the scores of people not seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

import progress
from heads.calibration import PairScores, calibrate, own_merit
from heads.compare import Compared, Split, both, scorer_of, sizes_of, split
from heads.pairs import PairSet, draw_pairs
from heads.population import population_of
from heads.scores import cosines
from heads.tensors import Tensors
from heads.train import train_head

from .graph import GraphPart, interpolated, state_of
from .settings import METHODS, Settings
from .stage import Stage, State
from .train import fine_tune

HEAD = "pairs"
"""Loss of the heads that are put on every network alike, after it was tuned."""


@dataclass(frozen=True)
class _Judge:
    """What a network is judged by, the same for all of a seed."""

    parts: Split
    tuning: PairSet
    judged: PairSet
    settings: Settings
    seed: int


def compare(data: Tensors, stage: Stage, settings: Settings, seed: int) -> Compared:
    parts = split(data, settings.heads, seed)
    judge = _Judge(
        parts,
        draw_pairs(data, parts.calibration, settings.heads.calibration_impostors, seed + 1_000),
        draw_pairs(data, parts.held_out, settings.heads.impostors, seed + 2_000),
        settings,
        seed,
    )
    scores, constants = _scored("frozen", data, judge)
    least = own_merit(_cosine(data, judge.tuning).figures(judge.tuning)) - settings.tolerance
    population = population_of(data.embeddings[parts.train], data.subjects[parts.train], settings.heads.variance_floor)
    chosen: dict[str, float] = {}
    for method in METHODS:
        head = train_head("regression", data, parts.train, population, settings.heads, seed).head
        progress.step(f"seed {seed}: {method}")
        part = fine_tune(method, stage, data, parts.train, population, head, settings, seed)
        new, old = state_of(part), state_of(stage.create())
        whole = _embedded(data, stage, part, data.rows(parts.held_out), f"{method}, all the way")
        scores[f"cosine/{method} whole"] = _cosine(whole, judge.judged)
        share = _largest_share(data, stage, part, old, new, judge, least)
        chosen[method] = share
        part.load_state_dict(interpolated(old, new, share))
        rows = data.rows(np.concatenate([parts.train, parts.calibration, parts.held_out]))
        found, tuned_constants = _scored(method, _embedded(data, stage, part, rows, f"{method}, {share:g}"), judge)
        scores |= found
        constants |= tuned_constants
    shares = {f"share, {method}": {"share": share} for method, share in chosen.items()}
    return Compared(judge.judged, scores, constants | shares, sizes_of(data, parts, judge.judged))


def _scored(name: str, data: Tensors, judge: _Judge) -> tuple[dict[str, PairScores], dict[str, dict[str, float]]]:
    """Cosine, and MLS-LLR with a head that is trained on this network's embeddings and features."""
    settings, parts = judge.settings.heads, judge.parts
    population = population_of(data.embeddings[parts.train], data.subjects[parts.train], settings.variance_floor)
    trained = train_head(HEAD, data, parts.train, population, settings, judge.seed)
    rows = data.rows(np.concatenate([parts.calibration, parts.held_out]))
    logarithms = np.zeros_like(data.embeddings)
    logarithms[rows] = trained.head.log_variances(data.features[rows])
    score = scorer_of("mls-llr", data, trained.population)
    baseline = _cosine(data, judge.tuning)
    found = calibrate(logarithms, population.within, judge.tuning, score, baseline, settings)
    variances = found.variances(logarithms, rows, np.zeros_like(logarithms))
    scores = {
        f"cosine/{name}": _cosine(data, judge.judged),
        f"mls-llr/{name}": both(judge.judged, lambda pairs: score(variances, pairs)),
    }
    return scores, {f"mls-llr/{name}": asdict(found.constants)}


def _largest_share(
    data: Tensors, stage: Stage, part: GraphPart, old: State, new: State, judge: _Judge, least: float
) -> float:
    """Of the way to the new weights, at which clean pairs of the calibration subjects keep their merit; 0 if none."""
    rows = data.rows(judge.parts.calibration)
    for share in sorted(judge.settings.shares, reverse=True):
        part.load_state_dict(interpolated(old, new, share))
        tuned = _embedded(data, stage, part, rows, f"share {share:g}")
        merit = own_merit(_cosine(tuned, judge.tuning).figures(judge.tuning))
        progress.step(f"share {share:g}: merit on clean pairs {merit:.4f}, at least {least:.4f} is wanted")
        if merit >= least:
            return share
    return 0.0


def _embedded(data: Tensors, stage: Stage, part: GraphPart, rows: np.ndarray, what: str) -> Tensors:
    embeddings, features = stage.embed(part, rows, what)
    return replace(data, embeddings=embeddings, features=features)


def _cosine(data: Tensors, pairs: PairSet) -> PairScores:
    return both(pairs, lambda each: cosines(data.embeddings, each))
