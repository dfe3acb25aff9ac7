"""Embeddings that `affinis export-tensors` wrote, and how their subjects are split."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

FORMAT = "affinis.tensors/1"


@dataclass(frozen=True)
class Labelled:
    embeddings: np.ndarray
    """float64[N, D]"""
    subjects: np.ndarray
    """int[N]"""
    meta: dict
    """meta.json: model, space, modality and what the labels were."""

    def of(self, subjects: np.ndarray) -> Labelled:
        chosen = np.isin(self.subjects, subjects)
        return replace(self, embeddings=self.embeddings[chosen], subjects=self.subjects[chosen])


def read_labelled(folder: Path) -> Labelled:
    """The samples as they were given, without degraded copies. Raises ValueError or FileNotFoundError."""
    if not (folder / "meta.json").exists():
        raise FileNotFoundError(f"{folder / 'meta.json'}: is not there; make the folder with affinis export-tensors")
    meta = json.loads((folder / "meta.json").read_text())
    if meta.get("format") != FORMAT:
        raise ValueError(f"{folder / 'meta.json'}: format is {meta.get('format')}; {FORMAT} is needed, export again")
    usable = np.load(folder / "failed.npy")[0] == 0
    embeddings = np.load(folder / "embeddings.npy")[0].astype(np.float64)
    return Labelled(embeddings[usable], np.load(folder / "subjects.npy")[usable], meta)


def split(data: Labelled, seed: int, share: float = 0.5) -> tuple[Labelled, Labelled]:
    """Two parts without a subject in common."""
    subjects = np.random.default_rng(seed).permutation(np.unique(data.subjects))
    first = round(len(subjects) * share)
    return data.of(subjects[:first]), data.of(subjects[first:])
