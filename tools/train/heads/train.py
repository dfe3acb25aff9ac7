"""Trains a head by one of the losses, the same number of steps and rows for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

import progress

from .head import Head, standardisation
from .losses import LOSSES, TrainingSet
from .population import Population
from .settings import Settings
from .tensors import Tensors

CLIP_NORM = 5.0


@dataclass(frozen=True)
class Trained:
    head: Head
    population: Population
    """As learned with the head, or as it was given."""


def train_head(
    loss: str, data: Tensors, samples: np.ndarray, population: Population, settings: Settings, seed: int
) -> Trained:
    """samples: int64[S] of the training subjects. The same seed and data give the same head on one machine."""
    torch.manual_seed(seed)
    train = TrainingSet(data, samples, population, settings, np.random.default_rng(seed))
    rows = data.rows(samples)
    drift = data.embeddings[rows] - data.embeddings[rows % data.samples]
    squares = (drift**2).mean(0) + settings.square_floor * float((data.embeddings[samples] ** 2).mean())
    start = torch.from_numpy(np.log(squares))
    head = Head(*standardisation(data.features[rows]), settings.hidden, start, settings.dropout)
    objective = LOSSES[loss](train)
    learned = [*head.parameters(), *objective.learned]
    optimiser = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    head.train()
    with progress.bar(f"head, {loss}", settings.steps) as advance:
        for _ in range(settings.steps):
            value = objective.step(head)
            if not torch.isfinite(value):
                raise FloatingPointError(f"the {loss} loss is {value.item()}; lower the learning rate")
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(learned, CLIP_NORM)
            optimiser.step()
            schedule.step()
            advance(1, f"loss {value.item():.4f}")
    return Trained(head, objective.population() if objective.population else population)
