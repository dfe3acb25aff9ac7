"""What a head is trained by: PFE's own loss, Gaussian regression, or the pairs' logistic loss. One step each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .head import Head
from .population import Population
from .scores import mls, mls_llr
from .settings import Settings
from .tensors import Tensors


@dataclass(frozen=True)
class Objective:
    """`step()` draws a batch and gives its loss."""

    step: Callable[[Head], Tensor]
    learned: list[nn.Parameter] = field(default_factory=list)
    """What is learned beside the head."""
    population: Callable[[], Population] | None = None
    """The population as learned, where it is."""


@dataclass(frozen=True)
class TrainingSet:
    data: Tensors
    samples: np.ndarray
    """int64[S]: samples of the subjects that are trained on."""
    population: Population
    settings: Settings
    random: np.random.Generator

    def rows_of(self, samples: np.ndarray) -> np.ndarray:
        """A usable copy of each sample, drawn evenly."""
        rows = self.random.integers(0, self.data.copies, len(samples)) * self.data.samples + samples
        return np.where(self.data.usable[rows], rows, samples)

    def couples(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of two samples each of `count` subjects drawn evenly from those that have two, int64[count] twice."""
        subjects = self.data.subjects[self.samples]
        order = np.argsort(subjects, kind="stable")
        _, first, counts = np.unique(subjects[order], return_index=True, return_counts=True)
        several = np.flatnonzero(counts > 1)
        chosen = self.random.choice(several, count)
        one = self.random.integers(0, counts[chosen])
        other = (one + self.random.integers(1, counts[chosen])) % counts[chosen]
        members = self.samples[order]
        return self.rows_of(members[first[chosen] + one]), self.rows_of(members[first[chosen] + other])

    def means(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.data.embeddings[rows])

    def features(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.data.features[rows])


def pfe(train: TrainingSet) -> Objective:
    """The mutual likelihood score of genuine pairs, maximised: Shi and Jain 2019, section 3.3, the model frozen."""

    def step(head: Head) -> Tensor:
        left, right = train.couples(train.settings.batch // 2)
        variances = head(train.features(np.concatenate([left, right]))).exp()
        a, b = variances.split(len(left))
        return -mls(train.means(left), a, train.means(right), b).mean() / train.data.dimension

    return Objective(step)


def regression(train: TrainingSet) -> Objective:
    """`1/2 [d² / v + ln v]` of a copy against its own clean embedding; needs no labels."""
    floor = train.settings.square_floor * float((train.data.embeddings[train.samples] ** 2).mean())
    rows_there = train.data.rows(train.samples)

    def step(head: Head) -> Tensor:
        rows = train.random.choice(rows_there, train.settings.batch)
        squares = (train.means(rows) - train.means(rows % train.data.samples)) ** 2 + floor
        logarithms = head(train.features(rows))
        return 0.5 * (squares * (-logarithms).exp() + logarithms).mean()

    return Objective(step)


def pairs_logistic(train: TrainingSet) -> Objective:
    """All pairs of a batch of couples, their MLS-LLR scaled and shifted by learned numbers, under the logistic loss for
    a prior (Brümmer and du Preez 2006). A sample's variance is the head's plus that within a subject; the population's
    mean and variance are learned with the head."""
    mean = nn.Parameter(torch.from_numpy(train.population.mean.copy()))
    log_between = nn.Parameter(torch.from_numpy(np.log(train.population.between)))
    log_scale = nn.Parameter(torch.tensor(float(np.log(0.1))))
    shift = nn.Parameter(torch.tensor(0.0))
    within = torch.from_numpy(train.population.within)

    def step(head: Head) -> Tensor:
        left, right = train.couples(train.settings.batch // 4)
        variances = head(train.features(np.concatenate([left, right]))).exp() + within
        a, b = variances.split(len(left))
        means = train.means(left)[:, None], train.means(right)[None]
        raw = mls_llr(means[0], a[:, None], means[1], b[None], mean, log_between.exp())
        subjects = [torch.from_numpy(train.data.subjects[rows % train.data.samples]) for rows in (left, right)]
        same = subjects[0][:, None] == subjects[1][None]
        return logistic_loss(raw * log_scale.exp() + shift, same, train.settings.pairs_prior)

    def learned() -> Population:
        with torch.no_grad():
            return Population(mean.numpy().copy(), log_between.exp().numpy().copy(), train.population.within)

    return Objective(step, [mean, log_between, log_scale, shift], learned)


def logistic_loss(ratios: Tensor, same: Tensor, prior: float) -> Tensor:
    """Of log-likelihood ratios float32[...] and labels bool[...], for a probability of a genuine pair; in units of what
    it weighs a genuine pair with."""
    odds = ratios + float(np.log(prior / (1 - prior)))
    missed = functional.softplus(-odds[same]).mean()
    matched = functional.softplus(odds[~same]).mean()
    return missed + (1 - prior) / prior * matched


LOSSES: dict[str, Callable[[TrainingSet], Objective]] = {"pfe": pfe, "regression": regression, "pairs": pairs_logistic}
