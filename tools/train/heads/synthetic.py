"""Made-up tensors whose uncertainty is known: for the smoke run and the tests."""

from __future__ import annotations

import numpy as np

from .tensors import FORMAT, Tensors


def synthetic(
    subjects: int = 120, per_subject: int = 3, copies: int = 4, dimension: int = 16, seed: int = 1
) -> Tensors:
    """Copies drift from their subject towards one point that all bad copies share, the further the worse, as badly
    degraded faces do. The first feature is how bad, the others are noise."""
    random = np.random.default_rng(seed)
    of_sample = np.repeat(np.arange(subjects, dtype=np.int32), per_subject)
    samples = len(of_sample)
    centre = random.normal(size=(subjects, dimension))
    clean = centre[of_sample] + 0.45 * random.normal(size=(samples, dimension))
    bad = random.uniform(size=(copies, samples, 1)) * (np.arange(copies) > 0)[:, None, None]
    common = 2 * random.normal(size=dimension)
    drifted = (1 - bad) * clean + bad * common + 1.2 * bad * random.normal(size=(copies, samples, dimension))
    embeddings = drifted / np.linalg.norm(drifted, axis=2, keepdims=True)
    features = np.concatenate([bad, random.normal(size=(copies, samples, 3))], axis=2)
    return Tensors(
        subjects=of_sample,
        embeddings=embeddings.reshape(copies * samples, dimension).astype(np.float32),
        features=features.reshape(copies * samples, 4).astype(np.float32),
        usable=np.ones(copies * samples, bool),
        copies=copies,
        meta={"format": FORMAT, "model": "synthetic@1", "seed": seed, "recipe": "synthetic", "labels": {"sha256": ""}},
    )
