"""Converts a convolutional ONNX network to a graph of TensorFlow.js, node by node.

Images are NCHW in ONNX and NHWC in TensorFlow.js: every tensor of four axes is laid out anew, and so are the constants
that meet one. What depends on constants alone is computed here, so that quantised weights become plain float32.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tfjs_graph import TfjsGraph

IMAGE_AXES = (0, 2, 3, 1)
ELEMENTWISE: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Add": ("AddV2", np.add),
    "Sub": ("Sub", np.subtract),
    "Mul": ("Mul", np.multiply),
}


def convert(model: onnx.ModelProto, made_by: str) -> dict[str, bytes]:
    """Files of the graph model by name. Inputs of four axes are NHWC; outputs keep their names and must not be images."""
    return _Converter(model.graph).files(made_by)


class _Converter:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._source = graph
        self._target = TfjsGraph()
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._images: set[str] = set()
        self._written: set[str] = set()
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)

    def files(self, made_by: str) -> dict[str, bytes]:
        for value in self._source.input:
            shape = [dimension.dim_value or -1 for dimension in value.type.tensor_type.shape.dim]
            if len(shape) == 4:
                self._images.add(value.name)
                shape = [shape[axis] for axis in IMAGE_AXES]
            self._target.placeholder(value.name, shape)
            self._written.add(value.name)
        for node in self._source.node:
            self._convert(node)
        outputs = [value.name for value in self._source.output]
        for name in outputs:
            if name in self._images:
                raise ValueError(f"output {name} is an image; only outputs without pixels keep their layout")
        return self._target.files(outputs, made_by)

    def _convert(self, node: onnx.NodeProto) -> None:
        (output,) = node.output
        if output in self._written:
            return
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        if all(name in self._constants for name in node.input):
            self._constants[output] = _fold(node, [self._constants[name] for name in node.input], attributes)
            return
        method = getattr(self, f"_{node.op_type.lower()}", None)
        if node.op_type in ELEMENTWISE:
            self._elementwise(node)
        elif method:
            method(node, **attributes)
        else:
            raise ValueError(f"no rule for the ONNX operator {node.op_type}; add one to onnx_to_tfjs.py")

    def _emit(self, operator: str, inputs: list[str], output: str, image: bool, **attributes: Any) -> None:
        self._target.add(operator, inputs, output, **attributes)
        self._written.add(output)
        if image:
            self._images.add(output)

    def _constant(self, value: np.ndarray, name: str) -> str:
        if name not in self._written:
            self._target.constant(np.ascontiguousarray(value), name)
            self._written.add(name)
        return name

    def _elementwise(self, node: onnx.NodeProto) -> None:
        image = any(name in self._images for name in node.input)
        inputs = []
        for name in node.input:
            value = self._constants.get(name)
            if value is not None and image and value.size > 1:
                # As ONNX broadcasts it, from the right: [C, 1, 1] meets [N, C, H, W].
                value = value.reshape((1,) * (4 - value.ndim) + value.shape).transpose(IMAGE_AXES)
            inputs.append(name if value is None else self._constant(value, f"{node.output[0]}/{name}"))
        self._emit(ELEMENTWISE[node.op_type][0], inputs, node.output[0], image)

    def _conv(self, node: onnx.NodeProto, strides: list[int], pads: list[int]) -> None:
        """With its bias, and with the ReLU behind it where nothing else reads what comes between."""
        x, kernel, bias = node.input
        output, fused = node.output[0], ["BiasAdd"]
        readers = self._readers.get(output, [])
        if [reader.op_type for reader in readers] == ["Relu"]:
            output, fused = readers[0].output[0], ["BiasAdd", "Relu"]
        filters = self._constant(self._constants[kernel].transpose(2, 3, 1, 0), f"{output}/filters")
        top, left, bottom, right = pads
        padding = {"padding": "EXPLICIT", "explicit_paddings": [0, 0, top, bottom, left, right, 0, 0]}
        self._emit(
            "_FusedConv2D",
            [x, filters, self._constant(self._constants[bias], f"{output}/bias")],
            output,
            image=True,
            strides=[1, *strides, 1],
            dilations=[1, 1, 1, 1],
            data_format="NHWC",
            fused_ops=fused,
            num_args=1,
            **(padding if any(pads) else {"padding": "VALID"}),
        )

    def _relu(self, node: onnx.NodeProto) -> None:
        self._emit("Relu", [node.input[0]], node.output[0], node.input[0] in self._images)

    def _log(self, node: onnx.NodeProto) -> None:
        self._emit("Log", [node.input[0]], node.output[0], node.input[0] in self._images)

    def _maxpool(self, node: onnx.NodeProto, kernel_shape: list[int], strides: list[int]) -> None:
        self._pool("MaxPool", node, kernel_shape, strides)

    def _averagepool(self, node: onnx.NodeProto, kernel_shape: list[int], strides: list[int]) -> None:
        self._pool("AvgPool", node, kernel_shape, strides)

    def _pool(self, operator: str, node: onnx.NodeProto, size: list[int], strides: list[int]) -> None:
        window = {"ksize": [1, *size, 1], "strides": [1, *strides, 1]}
        self._emit(operator, [node.input[0]], node.output[0], True, padding="VALID", data_format="NHWC", **window)

    def _pad(self, node: onnx.NodeProto) -> None:
        """With zeros; of an image."""
        before, after = self._constants[node.input[1]].reshape(2, 4)
        pairs = np.stack([before, after], axis=1)[list(IMAGE_AXES)].astype(np.int32)
        self._emit("Pad", [node.input[0], self._constant(pairs, f"{node.output[0]}/paddings")], node.output[0], True)

    def _reducemean(self, node: onnx.NodeProto, axes: list[int], keepdims: int) -> None:
        if sorted(axes) != [2, 3] or keepdims:
            raise ValueError(f"{node.output[0]}: only the mean over all pixels has a rule")
        pixels = self._constant(np.array([1, 2], np.int32), f"{node.output[0]}/axes")
        self._emit("Mean", [node.input[0], pixels], node.output[0], image=False, keep_dims=False)

    def _matmul(self, node: onnx.NodeProto) -> None:
        weights = self._constant(self._constants[node.input[1]], f"{node.output[0]}/weights")
        self._emit("MatMul", [node.input[0], weights], node.output[0], False, transpose_a=False, transpose_b=False)

    def _concat(self, node: onnx.NodeProto, axis: int) -> None:
        if any(name in self._images for name in node.input):
            raise ValueError(f"{node.output[0]}: images are not joined")
        at = self._constant(np.array(axis, np.int32), f"{node.output[0]}/axis")
        self._target.add("ConcatV2", [*node.input, at], node.output[0], N=len(node.input))
        self._written.add(node.output[0])


def _fold(node: onnx.NodeProto, values: list[np.ndarray], attributes: dict[str, Any]) -> np.ndarray:
    if node.op_type == "Cast":
        return values[0].astype(helper.tensor_dtype_to_np_dtype(attributes["to"]))
    if node.op_type in ELEMENTWISE:
        return ELEMENTWISE[node.op_type][1](*values)
    raise ValueError(f"no rule for {node.op_type} of constants; add one to onnx_to_tfjs.py")
