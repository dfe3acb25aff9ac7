"""Genuine and impostor pairs of clean and of degraded copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .tensors import Tensors

SAMPLES_PER_SUBJECT = 10
"""A subject with more would outweigh the others: its genuine pairs grow by their square."""
GENUINE_DRAWS = 3
"""Genuine pairs are fewer than impostors; each is drawn with this many choices of copies."""
CLEAN_SHARE = 1 / 3
"""Of the sides of mixed pairs."""


@dataclass(frozen=True)
class Pairs:
    """Genuine pairs come first."""

    left: np.ndarray
    """int64[P]: rows."""
    right: np.ndarray
    genuine: int
    """Number of genuine pairs."""
    left_subject: np.ndarray
    """int32[P]"""
    right_subject: np.ndarray

    @property
    def same(self) -> np.ndarray:
        """bool[P]"""
        return np.arange(len(self.left)) < self.genuine


@dataclass(frozen=True)
class PairSet:
    """The same genuine pairs and as many impostors under two conditions: both sides clean; and each side clean in one
    case of three, else a degraded copy."""

    clean: Pairs
    mixed: Pairs


def draw_pairs(data: Tensors, samples: np.ndarray, impostors: int, seed: int) -> PairSet:
    """All genuine pairs of at most ten samples a subject, and impostor pairs drawn with replacement."""
    random = np.random.default_rng(seed)
    members = _at_most(data, samples, random)
    genuine = _genuine(data, members, random)
    if len(genuine) == 0:
        raise ValueError("no subject among those judged has two samples; label more of each subject")
    strangers = _impostors(data, members, impostors, random)
    often = np.concatenate([np.repeat(genuine, GENUINE_DRAWS, axis=0), strangers])
    sides = [_copies(data, often[:, side], random) for side in (0, 1)]
    return PairSet(
        clean=_pairs(data, *np.concatenate([genuine, strangers]).T, genuine=len(genuine)),
        mixed=_pairs(data, *sides, genuine=GENUINE_DRAWS * len(genuine)),
    )


def _at_most(data: Tensors, samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    shuffled = random.permutation(samples)
    order = np.argsort(data.subjects[shuffled], kind="stable")
    sorted_samples = shuffled[order]
    subjects = data.subjects[sorted_samples]
    _, first = np.unique(subjects, return_index=True)
    counts = np.diff(np.append(first, len(subjects)))
    place = np.arange(len(subjects)) - np.repeat(first, counts)
    return sorted_samples[place < SAMPLES_PER_SUBJECT]


def _genuine(data: Tensors, members: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """int64[G, 2]; members come subject by subject."""
    same = []
    for group in np.split(members, np.flatnonzero(np.diff(data.subjects[members])) + 1):
        left, right = np.triu_indices(len(group), 1)
        same.append(np.stack([group[left], group[right]], axis=1))
    pairs = np.concatenate(same)
    swapped = random.random(len(pairs)) < 0.5
    return np.where(swapped[:, None], pairs[:, ::-1], pairs)


def _impostors(data: Tensors, members: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """int64[count, 2]"""
    if len(np.unique(data.subjects[members])) < 2:
        raise ValueError("impostor pairs need two subjects or more")
    found = np.empty((0, 2), np.int64)
    while len(found) < count:
        drawn = random.choice(members, (count, 2))
        found = np.concatenate([found, drawn[data.subjects[drawn[:, 0]] != data.subjects[drawn[:, 1]]]])
    return found[:count]


def _copies(data: Tensors, samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A row of each sample: the clean copy, or one of the degraded that could be embedded."""
    rows = samples.copy()
    degraded = np.flatnonzero(random.random(len(samples)) >= CLEAN_SHARE)
    for _ in range(20):
        drawn = random.integers(1, data.copies, len(degraded)) * data.samples + samples[degraded]
        good = data.usable[drawn]
        rows[degraded[good]] = drawn[good]
        degraded = degraded[~good]
    return rows


def _pairs(data: Tensors, left: np.ndarray, right: np.ndarray, genuine: int) -> Pairs:
    subjects = np.tile(data.subjects, data.copies)
    return Pairs(left, right, genuine, subjects[left], subjects[right])
