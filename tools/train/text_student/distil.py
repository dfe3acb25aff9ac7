"""Distillation: the student's cosines follow the teacher's, and on STS-B train people's judgement too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import progress

from .settings import Settings
from .student import UNKNOWN_ID, Student


@dataclass(frozen=True)
class Sentences:
    """Token ids int64[S, T] (0 is padding) and what the teacher says of them, float32[S, 384]."""

    ids: Tensor
    teacher: Tensor


@dataclass(frozen=True)
class Judged:
    """Pairs of sentences with the similarity to learn: ids int64[P, T] twice, float32[P]."""

    left: Tensor
    right: Tensor
    target: Tensor


def distil(student: Student, sentences: Sentences, judged: Judged, settings: Settings) -> None:
    generator = torch.Generator().manual_seed(settings.seed)
    clusters = cluster(sentences.teacher, settings.clusters, generator)
    lift = nn.Linear(settings.dimension, sentences.teacher.shape[1], bias=False)
    sparse = torch.optim.SparseAdam(student.parameters(), lr=settings.learning_rate)
    dense = torch.optim.AdamW(lift.parameters(), lr=settings.learning_rate)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(optimiser, lambda done: _rate(done, settings.steps))
        for optimiser in (sparse, dense)
    ]
    with progress.bar("distil", settings.steps) as advance:
        for _ in range(settings.steps):
            rows = _draw_rows(clusters, settings, generator)
            pairs = torch.randint(len(judged.target), (settings.judged_batch,), generator=generator)
            ids = torch.cat([sentences.ids[rows], judged.left[pairs], judged.right[pairs]])
            sizes = [len(rows), len(pairs), len(pairs)]
            vectors, left, right = student(_disturb(trimmed(ids), settings, generator)).split(sizes)
            teacher = sentences.teacher[rows]
            relation = relational_loss(vectors, teacher, settings.per_cluster)
            lifted = 1 - functional.cosine_similarity(lift(vectors), teacher).mean()
            gold = gold_loss((left * right).sum(1), judged.target[pairs])
            loss = settings.relation_weight * relation + settings.lift_weight * lifted + settings.gold_weight * gold
            for optimiser in (sparse, dense):
                optimiser.zero_grad()
            loss.backward()
            for optimiser, schedule in zip((sparse, dense), schedules):
                optimiser.step()
                schedule.step()
            advance(1, f"relation {relation:.4f} lift {lifted:.3f} gold {gold:.3f}")


def relational_loss(vectors: Tensor, teacher: Tensor, per_cluster: int) -> Tensor:
    """Squared difference of the cosines of all pairs of a batch, plus that of the pairs within a cluster, which are
    the hard ones. Rows come cluster by cluster."""
    error = (vectors @ vectors.T - teacher @ teacher.T) ** 2
    clusters = len(vectors) // per_cluster
    blocks = error.view(clusters, per_cluster, clusters, per_cluster)
    within = blocks.diagonal(dim1=0, dim2=2).mean()
    return error.mean() + within


def gold_loss(cosines: Tensor, target: Tensor) -> Tensor:
    """1 - Pearson correlation."""
    return 1 - functional.cosine_similarity(cosines - cosines.mean(), target - target.mean(), 0)


def cluster(vectors: Tensor, count: int, generator: torch.Generator, rounds: int = 8) -> list[Tensor]:
    """Spherical k-means: rows of vectors float32[S, D] by cluster."""
    centres = vectors[torch.randperm(len(vectors), generator=generator)[:count]]
    with progress.bar("cluster", rounds) as advance:
        for _ in range(rounds):
            nearest = torch.cat([(part @ centres.T).argmax(1) for part in vectors.split(8192)])
            sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
            centres = functional.normalize(sums + 1e-6 * centres)
            advance(1)
    groups = [torch.nonzero(nearest == index).squeeze(1) for index in range(count)]
    return [group for group in groups if len(group) > 1]


def trimmed(ids: Tensor) -> Tensor:
    """Without the columns that are padding in every row."""
    return ids[:, : max(1, int((ids != 0).sum(1).max()))]


def padded(rows: list[list[int]], length: int) -> Tensor:
    """int64[S, length]: rows cut or filled with 0."""
    ids = np.zeros((len(rows), length), np.int64)
    for at, row in enumerate(rows):
        ids[at, : min(len(row), length)] = row[:length]
    return torch.from_numpy(ids)


def _draw_rows(clusters: list[Tensor], settings: Settings, generator: torch.Generator) -> Tensor:
    sizes = torch.tensor([float(len(group)) for group in clusters])
    chosen = torch.multinomial(sizes, settings.clusters_per_batch, generator=generator)
    rows = []
    for group in (clusters[index] for index in chosen.tolist()):
        rows.append(group[torch.randint(len(group), (settings.per_cluster,), generator=generator)])
    return torch.cat(rows)


def _disturb(ids: Tensor, settings: Settings, generator: torch.Generator) -> Tensor:
    """Leaves out some tokens and makes a few unknown, so that no sentence hangs on one of them."""
    chance = torch.rand(ids.shape, generator=generator)
    dropped = torch.where(chance < settings.token_dropout, 0, ids)
    emptied = (dropped == 0).all(1, keepdim=True)
    ids = torch.where(emptied, ids, dropped)
    return torch.where((ids != 0) & (chance > 1 - settings.unknown_share), UNKNOWN_ID, ids)


def _rate(done: int, total: int) -> float:
    """Warm up over 3 %, then down to nothing in a straight line."""
    warm = max(1, total * 3 // 100)
    return min((done + 1) / warm, (total - done) / (total - warm))
