"""What a fine-tuning run is made of. `FULL` is the report; `SMOKE` shows in seconds that the code runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from heads import settings as heads


@dataclass(frozen=True)
class Settings:
    heads: heads.Settings = field(
        default_factory=lambda: replace(heads.FULL, grid_g=(1, 1.5, 2), grid_c=(0.5, 1, 2))
    )
    """Splits, pairs, heads and the calibration of their variance, as in the comparison of heads."""
    steps: int = 400
    batch: int = 64
    """Samples a step, two copies of each."""
    learning_rate: float = 5e-4
    """Of the stage; the head and the score's scale learn as heads do."""
    anchor_weight: float = 1.0
    """Pull towards the old clean embedding: squared distance over twice the variance within a subject."""
    uncertain_anchor_weight: float = 0.5
    """The same where the regression loss of the head, of weight 1, pulls too."""
    pairs_weight: float = 0.15
    shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1)
    """Of the way from the old weights to the new that are tried."""
    tolerance: float = 0.005
    """What cosine may lose of its merit on clean pairs of the calibration subjects, for a share to be chosen."""


FULL = Settings()
SMOKE = Settings(heads=heads.SMOKE, steps=20, batch=16, shares=(0.5, 1))
METHODS = ("plain", "uncertain")
