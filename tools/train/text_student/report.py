"""All figures of the report, measured on the exported file."""

from __future__ import annotations

import dataclasses
import platform

import numpy as np
import onnxruntime
import torch
from scipy.stats import spearmanr

import progress

from .degraded import degraded, degraded_pairs
from .export import FEATURES
from .measure import Embedder, correlations, milliseconds, operating_point
from .settings import MAX_TOKENS, Settings
from .sources import STSB_FILES, Pairs
from .teacher import Teacher
from .vocabulary import Vocabulary

RECIPES = ["clean", "words", "truncation", "typos", "mixed", "swaps", "doubling"]
DEGRADATION_SEED = 20_000
SENTENCE = "A young child is riding a horse in the field near the old house today."


def measured(
    model: bytes,
    vocabulary: Vocabulary,
    teacher: Teacher,
    train: Pairs,
    dev: Pairs,
    sizes: dict[str, int],
    settings: Settings,
) -> dict:
    embedder = Embedder(model, vocabulary, MAX_TOKENS)
    clean = embedder.cosines(dev)
    return {
        "model": "text-student",
        "settings": dataclasses.asdict(settings),
        "environment": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "onnxruntime": onnxruntime.__version__,
        },
        "data": {name: {"file": file, "sha256": sha256} for name, (file, sha256) in STSB_FILES.items()},
        "sentences": sizes,
        "bytes": {"model": len(model), "vocabulary": len(vocabulary.file())},
        "tokens": len(vocabulary),
        "dev": {recipe: _agreement(embedder, teacher, dev, recipe) for recipe in RECIPES},
        "trainSeen": correlations(embedder.cosines(train), train.gold, settings.seed),
        "threshold": operating_point(clean, dev.gold),
        "uncertainty": _uncertainty(embedder, dev),
        "independence": _independence(embedder, dev),
        "millisecondsPerSentence": {
            "tokens": len(embedder.ids(SENTENCE)),
            "batch1": milliseconds(lambda: embedder.run([SENTENCE])),
            "batch32": milliseconds(lambda: embedder.run([SENTENCE] * 32)) / 32,
        },
    }


def _agreement(embedder: Embedder, teacher: Teacher, dev: Pairs, recipe: str) -> dict:
    """Student and teacher on the same pairs, both sides degraded by the recipe."""
    progress.step(f"STS-B dev, {recipe}")
    pairs = dev if recipe == "clean" else degraded_pairs(dev, recipe, DEGRADATION_SEED)
    left, right = (teacher.embed(side, f"dev {recipe}") for side in (pairs.left, pairs.right))
    return {
        "student": correlations(embedder.cosines(pairs), pairs.gold, seed=1),
        "teacher": correlations((left * right).sum(1), pairs.gold, seed=1),
    }


def _uncertainty(embedder: Embedder, dev: Pairs) -> dict:
    """How features of degraded texts rank their squared distances from the clean texts: Spearman, for each by itself
    (null where it is constant) and for a linear mixture of all, fitted to other folds."""
    clean = list(dict.fromkeys(dev.left + dev.right))
    vectors, features = embedder.run_all(degraded(clean, "mixed", DEGRADATION_SEED))
    distance = ((vectors - embedder.run_all(clean)[0]) ** 2).sum(1)
    single = {
        name: float(spearmanr(column, distance).statistic) if np.ptp(column) > 0 else None
        for name, column in zip(FEATURES, features.T)
    }
    return {"single": single, "linear": float(spearmanr(_linear(features, distance), distance).statistic)}


def _linear(features: np.ndarray, target: np.ndarray, folds: int = 5) -> np.ndarray:
    inputs = np.column_stack([features, np.ones(len(features))])
    fold = np.arange(len(target)) % folds
    predicted = np.empty(len(target))
    for held_out in range(folds):
        train, test = fold != held_out, fold == held_out
        predicted[test] = inputs[test] @ np.linalg.lstsq(inputs[train], target[train], rcond=None)[0]
    return predicted


def _independence(embedder: Embedder, dev: Pairs) -> dict[str, float]:
    """Largest difference of a vector between a run by itself and one with batch mates and padding: 0 is bit for bit."""
    texts = dev.left[:64]
    alone = [embedder.run([text]) for text in texts]
    together = embedder.run(texts, padding=7)
    return {
        name: float(np.abs(np.concatenate([run[at] for run in alone]) - together[at]).max())
        for at, name in enumerate(("embedding", "features"))
    }
