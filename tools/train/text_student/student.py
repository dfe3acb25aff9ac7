"""The student: a direction and a log variance for every token; a sentence is their precision-weighted mean."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .vocabulary import SPECIAL, UNKNOWN, Vocabulary

UNKNOWN_ID = SPECIAL.index(UNKNOWN)
RARITY = 1e-3
BITS = 4
LIMIT = 2 ** (BITS - 1) - 1  # largest magnitude of a stored integer


class Student(nn.Module):
    """Token ids int64[N, T] to unit vectors float32[N, D].

    Token t points in the direction u_t (norm 1) with variance v_t, and weighs 1 / v_t. Directions are rounded to the
    integers that ship while training (straight-through), so nothing is lost when they are stored.
    """

    def __init__(self, vocabulary: Vocabulary, directions: np.ndarray, log_variances: np.ndarray) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.directions = nn.Embedding.from_pretrained(torch.from_numpy(directions), freeze=False, sparse=True)
        self.log_variances = nn.Embedding.from_pretrained(
            torch.from_numpy(log_variances[:, None]), freeze=False, sparse=True
        )

    def forward(self, ids: Tensor) -> Tensor:
        distinct, place = ids.unique(return_inverse=True)  # a batch names few of the tokens, but often
        directions = functional.normalize(self._rounded(self.directions(distinct)), dim=-1)
        precision = torch.exp(-self.log_variances(distinct)) * counts(distinct)[:, None]
        weights = functional.embedding(place, precision).squeeze(-1)
        sums = functional.embedding_bag(place, directions, per_sample_weights=weights, mode="sum")
        return functional.normalize(sums, dim=-1)

    def codes(self) -> np.ndarray:
        """int64[V, D] in -LIMIT..LIMIT; the direction is the row scaled to norm 1."""
        with torch.no_grad():
            return torch.round(self._scaled(self.directions.weight)).long().numpy()

    def _rounded(self, values: Tensor) -> Tensor:
        scaled = self._scaled(values)
        return scaled + (torch.round(scaled) - scaled).detach()

    def _scaled(self, values: Tensor) -> Tensor:
        return values * (LIMIT / values.detach().abs().amax(-1, keepdim=True).clamp_min(1e-9))


def counts(ids: Tensor) -> Tensor:
    """1 for tokens that carry meaning; 0 for [PAD], [CLS] and [SEP]."""
    return ((ids >= len(SPECIAL)) | (ids == UNKNOWN_ID)).float()


def initial_student(vocabulary: Vocabulary, teacher: np.ndarray, frequency: np.ndarray, dimension: int) -> Student:
    """Starts from the teacher's vectors of single tokens float32[V, 384], their leading components, weighted by
    rarity (SIF: Arora et al., ICLR 2017: a / (a + p)) from token frequencies float64[V]."""
    centred = teacher - teacher.mean(0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    directions = centred @ components[:dimension].T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    log_variances = np.log((RARITY + frequency) / RARITY)
    return Student(vocabulary, directions.astype(np.float32), log_variances.astype(np.float32))
