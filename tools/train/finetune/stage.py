"""The last stage of a model: what comes into it, computed once by the ONNX runtime, and what it makes of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor
from torch.nn import functional

import progress

from .graph import GraphPart, part_before

ROWS_AT_ONCE = 128

State = dict[str, Tensor]
"""Weights and constants of a stage by name."""


@dataclass(frozen=True)
class Stage:
    model: onnx.ModelProto
    after: str
    """Tensor that the stage begins behind."""
    outputs: tuple[str, str]
    """Names of embedding and features."""
    inputs: dict[str, np.ndarray]
    """float32[R, ...] by name: what the part before gives for each row."""

    def create(self) -> GraphPart:
        """With the weights of the model."""
        return GraphPart(self.model, self.after, list(self.outputs))

    def run(self, part: GraphPart, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Embeddings of norm 1, float32[B, D], and features float32[B, F]."""
        embedding, features = part({name: torch.from_numpy(values[rows]) for name, values in self.inputs.items()})
        return functional.normalize(embedding), features

    def embed(self, part: GraphPart, rows: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
        """Of all rows of the data, float32[R, D] and float32[R, F]; those not asked for are 0."""
        count = len(next(iter(self.inputs.values())))
        found: list[np.ndarray] = []
        with torch.no_grad(), progress.bar(f"embed, {what}", len(rows)) as advance:
            for at in range(0, len(rows), ROWS_AT_ONCE):
                some = rows[at : at + ROWS_AT_ONCE]
                for index, values in enumerate(self.run(part, some)):
                    if len(found) <= index:
                        found.append(np.zeros((count, values.shape[1]), np.float32))
                    found[index][some] = values.numpy()
                advance(len(some))
        return found[0], found[1]


def open_stage(model: onnx.ModelProto, after: str, outputs: tuple[str, str], inputs: np.ndarray, threads: int) -> Stage:
    """inputs: [R, ...], what the model is given for each row; may be mapped from disk."""
    names = GraphPart(model, after, list(outputs)).inputs
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(part_before(model, names), options, providers=["CPUExecutionProvider"])
    [given] = [each.name for each in session.get_inputs()]
    parts: dict[str, np.ndarray] = {}
    with progress.bar("part before the stage", len(inputs)) as advance:
        for at in range(0, len(inputs), ROWS_AT_ONCE):
            batch = np.ascontiguousarray(inputs[at : at + ROWS_AT_ONCE], np.float32)
            for name, values in zip(names, session.run(names, {given: batch})):
                parts.setdefault(name, np.empty((len(inputs), *values.shape[1:]), np.float32))
                parts[name][at : at + len(batch)] = values
            advance(len(batch))
    return Stage(model, after, outputs, parts)
