"""Of clean embeddings per dimension: their mean, the variance between subjects and that within one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Population:
    """float32[D] each; variances above 0."""

    mean: np.ndarray
    between: np.ndarray
    within: np.ndarray


def population_of(clean: np.ndarray, subjects: np.ndarray, floor_share: float) -> Population:
    """clean: float32[S, D]; subjects: int[S]. `between` is the total variance less that within subjects; no variance is
    below `floor_share` of a dimension's mean square. As `packages/fitting/src/population.ts`."""
    clean = clean.astype(np.float64)
    floor = floor_share * (clean**2).mean()
    names, of_sample, counts = np.unique(subjects, return_inverse=True, return_counts=True)
    freedom = (counts[counts > 1] - 1).sum()
    if freedom == 0:
        raise ValueError("no subject has two samples to tell the variance within one; label more of each subject")
    sums = np.zeros((len(names), clean.shape[1]))
    np.add.at(sums, of_sample, clean)
    deviations = clean - (sums / counts[:, None])[of_sample]
    within = (deviations**2).sum(0) / freedom
    return Population(
        mean=clean.mean(0).astype(np.float32),
        between=np.maximum(clean.var(0) - within, floor).astype(np.float32),
        within=np.maximum(within, floor).astype(np.float32),
    )
