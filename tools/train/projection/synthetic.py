"""Made-up embeddings for the smoke run and the tests: subjects differ along few axes, samples along others."""

from __future__ import annotations

import numpy as np

from .tensors import FORMAT, Labelled


def synthetic(subjects: int = 60, samples: int = 5, dimension: int = 16, axes: int = 4, seed: int = 0) -> Labelled:
    random = np.random.default_rng(seed)
    rotation = np.linalg.qr(random.normal(size=(dimension, dimension)))[0]
    between = np.zeros((subjects, dimension))
    between[:, :axes] = random.normal(size=(subjects, axes))
    within = random.normal(size=(subjects, samples, dimension)) * np.where(np.arange(dimension) < axes, 0.3, 1.5)
    embeddings = ((between[:, None] + within) @ rotation + 0.5).reshape(-1, dimension)
    meta = {
        "format": FORMAT,
        "model": "made-up@1",
        "space": "made-up/0",
        "dimension": dimension,
        "labels": {"file": "labels.csv", "sha256": "0" * 64},
    }
    return Labelled(embeddings, np.repeat(np.arange(subjects), samples), meta)
