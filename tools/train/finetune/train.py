"""Fine-tunes the last stage on degraded copies, with or without uncertainty in the loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

import progress
from heads.head import Head
from heads.losses import logistic_loss
from heads.population import Population
from heads.scores import mls_llr
from heads.tensors import Tensors

from .graph import GraphPart
from .settings import Settings
from .stage import Stage

CLIP_NORM = 5.0

Score = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""Embeddings float32[B, D] and features float32[B, F] of either side to scores float32[B, B]."""


def fine_tune(
    method: str,
    stage: Stage,
    data: Tensors,
    samples: np.ndarray,
    population: Population,
    head: Head,
    settings: Settings,
    seed: int,
) -> GraphPart:
    """Two copies of each photo of a batch are drawn to its old clean embedding, and all pairs of the batch go through
    the logistic loss: of the cosine (`plain`), or of MLS-LLR under the variance of a head, where the distance to the
    old embedding is weighed by that variance too (`uncertain`; `head` goes on learning)."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    part = stage.create()
    loss = _Loss(method, population, head, settings)
    optimiser = torch.optim.AdamW(
        [
            {"params": part.parameters(), "lr": settings.learning_rate, "weight_decay": 0.0},
            {"params": loss.parameters(), "lr": settings.heads.learning_rate},
        ]
    )
    rates = [group["lr"] for group in optimiser.param_groups]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=settings.steps, pct_start=0.1)
    learned = [*part.parameters(), *loss.parameters()]
    with progress.bar(f"fine-tuning, {method}", settings.steps) as advance:
        for _ in range(settings.steps):
            chosen = random.choice(samples, min(settings.batch, len(samples)), replace=False)
            rows = np.concatenate([_copies(data, chosen, random, first) for first in (0, 1)])
            old = torch.from_numpy(data.embeddings[np.concatenate([chosen, chosen])])
            value = loss(*stage.run(part, rows), old, torch.from_numpy(data.subjects[chosen]))
            if not torch.isfinite(value):
                raise FloatingPointError(f"the loss is {value.item()}; lower the learning rate")
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(learned, CLIP_NORM)
            optimiser.step()
            schedule.step()
            advance(1, f"loss {value.item():.3f}")
    return part


class _Loss(nn.Module):
    def __init__(self, method: str, population: Population, head: Head, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.head = head.train() if method == "uncertain" else None
        scale, shift = (0.1, 0.0) if self.head else (20.0, -8.0)
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(scale))))
        self.shift = nn.Parameter(torch.tensor(shift))
        for name in ("mean", "between", "within"):
            self.register_buffer(name, torch.from_numpy(getattr(population, name)))

    def forward(self, embeddings: Tensor, features: Tensor, old: Tensor, subjects: Tensor) -> Tensor:
        """embeddings float32[2B, D], features float32[2B, F], old float32[2B, D], subjects int32[B]."""
        squares = (embeddings - old) ** 2
        anchor = (squares / (2 * self.within.mean())).mean()
        left, right = embeddings.chunk(2)
        if self.head is None:
            raw = left @ right.T
            pull = self.settings.anchor_weight * anchor
        else:
            logarithms = self.head(features)
            floor = self.settings.heads.square_floor / embeddings.shape[1]
            regression = 0.5 * ((squares + floor) * (-logarithms).exp() + logarithms).mean()
            a, b = (logarithms.exp() + self.within).chunk(2)
            raw = mls_llr(left[:, None], a[:, None], right[None], b[None], self.mean, self.between)
            pull = regression + self.settings.uncertain_anchor_weight * anchor
        same = subjects[:, None] == subjects[None]
        score = raw * self.log_scale.exp() + self.shift
        return pull + self.settings.pairs_weight * logistic_loss(score, same, self.settings.heads.pairs_prior)


def _copies(data: Tensors, samples: np.ndarray, random: np.random.Generator, first: int) -> np.ndarray:
    """A row of each sample: any copy from `first` on that could be embedded."""
    rows = random.integers(first, data.copies, len(samples)) * data.samples + samples
    return np.where(data.usable[rows], rows, samples)
