"""Builds ONNX graphs node by node, always in the same order and under the same names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13
IR_VERSION = 8
Shape = Sequence["int | str"]


@dataclass(frozen=True)
class Quantised:
    """A weight stored in eight bits: value = scale * values + minimum."""

    values: np.ndarray
    scale: float
    minimum: float

    def floats(self) -> np.ndarray:
        return (self.values.astype(np.float64) * self.scale + self.minimum).astype(np.float32)



class Graph:
    """Collects the nodes and constants of one network; `add` and `constant` return tensor names."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._count = 0

    def add(self, operator: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        output = output or self._fresh(operator.lower())
        self.add_many(operator, inputs, [output], **attributes)
        return output

    def add_many(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operator, inputs, outputs, **attributes))

    def constant(self, value: np.ndarray | np.generic, name: str | None = None) -> str:
        name = name or self._fresh("constant")
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name))
        return name

    def weight(self, weight: Quantised | np.ndarray, axes: Sequence[int], name: str) -> str:
        """A weight with its axes permuted. Eight-bit values stay eight-bit in the file; the runtime
        folds the Cast, Mul and Add that expand them once, at load, so they cost nothing per run."""
        if isinstance(weight, np.ndarray):
            return self.constant(weight.transpose(axes).astype(np.float32), name)
        stored = self.constant(weight.values.transpose(axes), name)
        scaled = self.add("Mul", [self.add("Cast", [stored], to=TensorProto.FLOAT), self.scalar(weight.scale)])
        return self.add("Add", [scaled, self.scalar(weight.minimum)])

    def scalar(self, value: float) -> str:
        return self.constant(np.float32(value))

    def centred(self, image: str, mean: Sequence[float]) -> str:
        """(image - mean) / 255 for float32[N, 3, H, W] in 0..255."""
        offset = self.constant(np.array(mean, np.float32).reshape(3, 1, 1))
        return self.add("Mul", [self.add("Sub", [image, offset]), self.scalar(1 / 255)])

    def model(self, inputs: dict[str, Shape], outputs: dict[str, Shape], producer: str = "affinis") -> onnx.ModelProto:
        graph = helper.make_graph(self._nodes, self._name, _infos(inputs), _infos(outputs), self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=producer)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _fresh(self, base: str) -> str:
        self._count += 1
        return f"{base}_{self._count}"


def _infos(shapes: dict[str, Shape]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in shapes.items()]
