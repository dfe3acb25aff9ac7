"""The network that tells a sample's variance from what the model saw of it; the same for every loss."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

CLAMP = 5.0
LEAST_DEVIATION = 1e-4


class Head(nn.Module):
    """float32[B, F] features -> float32[B, D] log variances: standardised, cut to ±5, one hidden layer of GELU."""

    def __init__(self, mean: Tensor, deviation: Tensor, hidden: int, bias: Tensor, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.dropout = dropout
        self.hidden = nn.Linear(len(mean), hidden)
        self.output = nn.Linear(hidden, len(bias))
        with torch.no_grad():
            self.output.weight.mul_(0.3)
            self.output.bias.copy_(bias)

    def forward(self, features: Tensor) -> Tensor:
        inputs = ((features - self.mean) / self.deviation).clamp(-CLAMP, CLAMP)
        inputs = functional.dropout(inputs, self.dropout, self.training)
        return self.output(functional.gelu(self.hidden(inputs)))

    def log_variances(self, features: np.ndarray, at_once: int = 2_048) -> np.ndarray:
        """float32[R, F] -> float32[R, D], without dropout."""
        self.eval()
        with torch.no_grad():
            parts = torch.from_numpy(features).split(at_once)
            return torch.cat([self(part) for part in parts]).numpy()


def standardisation(features: np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each feature over float32[R, F]."""
    deviation = features.std(0, dtype=np.float64) + LEAST_DEVIATION
    return (
        torch.from_numpy(features.mean(0, dtype=np.float64).astype(np.float32)),
        torch.from_numpy(deviation.astype(np.float32)),
    )
