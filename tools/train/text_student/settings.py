"""What a run is made of. `FULL` is the model that ships; `SMOKE` shows in a minute that the code runs."""

from __future__ import annotations

from dataclasses import dataclass

MAX_TOKENS = 256


@dataclass(frozen=True)
class Settings:
    seed: int = 1
    teacher_tokens: int | None = None  # None: all; so below
    train_pairs: int | None = None
    dev_pairs: int | None = None
    dimension: int = 192
    wordnet_sentences: int = 80_000
    variants: int = 60_000
    typo_copies: int = 2
    typo_limit: int = 20_000
    longest: int = 48
    steps: int = 5_000
    learning_rate: float = 3e-3
    clusters: int = 1_000
    clusters_per_batch: int = 16
    per_cluster: int = 32
    judged_batch: int = 256
    relation_weight: float = 10.0
    lift_weight: float = 0.5
    gold_weight: float = 0.3
    gold_share: float = 0.7
    token_dropout: float = 0.05
    unknown_share: float = 0.003


FULL = Settings()
SMOKE = Settings(
    teacher_tokens=4_000,
    wordnet_sentences=400,
    variants=300,
    typo_copies=1,
    typo_limit=200,
    steps=60,
    clusters=24,
    clusters_per_batch=8,
    per_cluster=16,
    judged_batch=64,
    train_pairs=300,
    dev_pairs=100,
)
