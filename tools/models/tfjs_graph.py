"""Builds graph models of TensorFlow.js node by node: `model.json` and one file of weights, without TensorFlow."""

from __future__ import annotations

import base64
import json
from typing import Any, Sequence

import numpy as np

WEIGHTS_FILE = "weights.bin"
FLOAT = {"type": "DT_FLOAT"}


class TfjsGraph:
    """Collects the nodes and constants of one network; `add` and `constant` return names of nodes."""

    def __init__(self) -> None:
        self._nodes: list[dict[str, Any]] = []
        self._weights: list[tuple[str, np.ndarray]] = []
        self._inputs: list[str] = []

    def placeholder(self, name: str, shape: Sequence[int]) -> str:
        """A float32 input; -1 is an axis of any size."""
        self._inputs.append(name)
        dimensions = {"shape": {"dim": [{"size": str(size)} for size in shape]}}
        return self._node("Placeholder", name, [], {"dtype": FLOAT, "shape": dimensions})

    def constant(self, value: np.ndarray, name: str) -> str:
        """A float32 or int32 constant, stored as it is."""
        kind = {np.dtype(np.float32): "DT_FLOAT", np.dtype(np.int32): "DT_INT32"}[value.dtype]
        self._weights.append((name, value))
        return self._node("Const", name, [], {"dtype": {"type": kind}})

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Attributes are numbers, words, whether something holds, or lists of numbers or words."""
        written = {name: _attribute(value) for name, value in attributes.items()}
        return self._node(operator, output, inputs, {"T": FLOAT, **written})

    def files(self, outputs: Sequence[str], made_by: str) -> dict[str, bytes]:
        specs = [
            {"name": name, "shape": list(value.shape), "dtype": value.dtype.name} for name, value in self._weights
        ]
        model = {
            "format": "graph-model",
            "generatedBy": made_by,
            "convertedBy": None,
            "signature": {
                "inputs": {name: {"name": f"{name}:0"} for name in self._inputs},
                "outputs": {name: {"name": f"{name}:0"} for name in outputs},
            },
            "modelTopology": {"node": self._nodes, "versions": {"producer": 1}},
            "weightsManifest": [{"paths": [WEIGHTS_FILE], "weights": specs}],
        }
        content = b"".join(value.astype(value.dtype.newbyteorder("<")).tobytes() for _, value in self._weights)
        return {"model.json": json.dumps(model, separators=(",", ":")).encode(), WEIGHTS_FILE: content}

    def _node(self, operator: str, name: str, inputs: list[str], attributes: dict[str, Any]) -> str:
        self._nodes.append({"name": name, "op": operator, "input": inputs, "attr": attributes})
        return name


def _attribute(value: bool | int | str | Sequence[str] | Sequence[int]) -> dict[str, Any]:
    """As protobuf writes an `AttrValue` in JSON: bytes in base64, 64-bit numbers as text."""
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, str):
        return {"s": _bytes(value)}
    if all(isinstance(item, str) for item in value) and value:
        return {"list": {"s": [_bytes(str(item)) for item in value]}}
    return {"list": {"i": [str(item) for item in value]}}


def _bytes(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
