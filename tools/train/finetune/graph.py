"""A part of an ONNX graph as a PyTorch module, so that a model that comes without its code can be trained further."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional


class GraphPart(nn.Module):
    """All that depends on one tensor of the graph, up to the outputs. Weights of convolutions and of full layers are
    learned; normalisations keep their statistics, scales and shifts, and constants stay."""

    def __init__(self, model: onnx.ModelProto, after: str, outputs: list[str]) -> None:
        super().__init__()
        self.outputs = outputs
        self.nodes = _depending(model.graph, after, outputs)
        constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        made = {name for node in self.nodes for name in node.output}
        needed = [name for node in self.nodes for name in node.input]
        self.inputs = list(dict.fromkeys(n for n in needed if n and n not in made and n not in constants))
        """Names of the tensors that come from the part before, `after` among them."""
        learned = {node.input[at] for node in self.nodes if node.op_type in ("Conv", "Gemm") for at in _weights(node)}
        self.weights = nn.ParameterDict()
        for name in dict.fromkeys(n for n in needed if n in constants):
            values = torch.from_numpy(np.array(constants[name]))
            if name in learned:
                self.weights[name] = nn.Parameter(values)
            else:
                self.register_buffer(f"constant_{name}", values)
        unknown = {node.op_type for node in self.nodes} - OPERATIONS.keys()
        if unknown:
            raise ValueError(f"the graph after {after} uses {', '.join(sorted(unknown))}; add them to OPERATIONS")

    def forward(self, given: dict[str, Tensor]) -> list[Tensor]:
        """The outputs, in their order; `given` by the names of `inputs`."""
        values = dict(given)
        for node in self.nodes:
            arguments = [self._value(name, values) if name else None for name in node.input]
            values[node.output[0]] = OPERATIONS[node.op_type](_attributes(node), *arguments)
        return [values[name] for name in self.outputs]

    def _value(self, name: str, values: dict[str, Tensor]) -> Tensor:
        if name in values:
            return values[name]
        return self.weights[name] if name in self.weights else getattr(self, f"constant_{name}")


def part_before(model: onnx.ModelProto, outputs: list[str]) -> bytes:
    """The same model with other outputs, float32 of any shape; the runtime leaves out what they do not need."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    del cut.graph.output[:]
    cut.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs)
    return cut.SerializeToString()


def state_of(part: GraphPart) -> dict[str, Tensor]:
    """A copy: `state_dict` follows the part when other weights are loaded into it."""
    return {name: values.clone() for name, values in part.state_dict().items()}


def interpolated(old: dict[str, Tensor], new: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights on the way from the old to the new ones: 0 is old, 1 is new (Wortsman et al. 2022, WiSE-FT)."""
    return {
        name: torch.lerp(values, new[name], share) if values.is_floating_point() else values
        for name, values in old.items()
    }


def _depending(graph: onnx.GraphProto, after: str, outputs: list[str]) -> list[onnx.NodeProto]:
    reached, wanted = {after}, set(outputs)
    forwards = []
    for node in graph.node:
        if reached.intersection(node.input):
            reached.update(node.output)
            forwards.append(node)
    kept = []
    for node in reversed(forwards):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    if not wanted.issuperset([after]) or not reached.issuperset(outputs):
        raise ValueError(f"{', '.join(outputs)} do not all depend on {after}; name another tensor to cut at")
    return kept[::-1]


def _weights(node: onnx.NodeProto) -> range:
    """Positions of weight and bias."""
    return range(1, len(node.input))


def _attributes(node: onnx.NodeProto) -> dict:
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _conv(given: dict, values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    top, left, bottom, right = given.get("pads", [0, 0, 0, 0])
    padded = functional.pad(values, (left, right, top, bottom)) if (top, left) != (bottom, right) else values
    around = (top, left) if padded is values else 0
    stride, dilation = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
    return functional.conv2d(padded, weight, bias, stride, around, dilation, given.get("group", 1))


def _batch_norm(given: dict, values: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return functional.batch_norm(values, mean, variance, scale, shift, False, 0, given.get("epsilon", 1e-5))


def _gemm(given: dict, values: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    values = values.T if given.get("transA") else values
    product = given.get("alpha", 1.0) * (values @ (weight.T if given.get("transB") else weight))
    return product if bias is None else product + given.get("beta", 1.0) * bias


OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, a, b: a + b,
    "BatchNormalization": _batch_norm,
    "Concat": lambda given, *parts: torch.cat(parts, given["axis"]),
    "Conv": _conv,
    "Flatten": lambda given, values: values.flatten(given.get("axis", 1)),
    "Gemm": _gemm,
    "Log": lambda _, values: values.log(),
    "Max": lambda _, a, b: torch.maximum(a, b),
    "Min": lambda _, a, b: torch.minimum(a, b),
    "Mul": lambda _, a, b: a * b,
    "ReduceMean": lambda given, values: values.mean(given["axes"], bool(given.get("keepdims", 1))),
    "Sub": lambda _, a, b: a - b,
}
