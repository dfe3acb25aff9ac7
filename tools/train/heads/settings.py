"""What a comparison of heads is made of. `FULL` is the report; `SMOKE` shows in seconds that the code runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    seeds: tuple[int, ...] = (1, 2, 3)
    """Each draws its own halves of the subjects, heads and pairs."""
    losses: tuple[str, ...] = ("pfe", "regression", "pairs")
    calibration_share: float = 1 / 3
    """Of the development half: subjects that no head is trained on, for the constants and the logistics."""
    hidden: int = 128
    dropout: float = 0.1
    steps: int = 1_200
    batch: int = 256
    """Rows a step; the PFE and pairs losses see half as many pairs."""
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    square_floor: float = 2e-4 * 256
    """Share of a dimension's mean square added to squared differences, so that clean copies do not collapse."""
    variance_floor: float = 1e-5 * 256
    """Share of a dimension's mean square below which no variance of the population falls."""
    pairs_prior: float = 0.01
    """Probability of a genuine pair that the pairs loss is made for."""
    quality_prior: float = 0.01
    """The same of the quality-aware logistic."""
    grid_a: tuple[float, ...] = (0.25, 0.5, 1, 2)
    grid_g: tuple[float, ...] = (1, 1.5, 2, 3)
    grid_c: tuple[float, ...] = (0.5, 0.75, 1, 1.5, 2)
    calibration_impostors: int = 40_000
    impostors: int = 200_000
    draws: int = 500
    """Of subjects, for the intervals."""


FULL = Settings()
WIDE = Settings(
    losses=("pfe", "regression"), grid_a=(0.125, 0.25, 0.5, 1), grid_g=(1.5, 2, 3, 4, 6), grid_c=(0.75, 1.5, 3, 6)
)
"""For what lies at the end of the grid of `FULL`: a coarser one that goes on."""
SMOKE = Settings(
    seeds=(1, 2),
    steps=60,
    batch=64,
    grid_a=(0.5, 1),
    grid_g=(1, 2),
    grid_c=(0.5, 1),
    calibration_impostors=4_000,
    impostors=6_000,
    draws=20,
)
RATES = (1e-2, 1e-3)
"""False match rates."""
CLEAN_TOLERANCE = 0.005
"""What clean pairs may lose against cosine, of a merit that is a rate, before the constants pay for it."""
