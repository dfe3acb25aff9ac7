"""A projection as an ONNX model: float32[n, D] to float32[n, P]."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from .methods import Kernel, Linear

OPSET = 17
IR_VERSION = 8


def model_bytes(projection: Linear | Kernel) -> bytes:
    nodes, constants, outputs = _linear(projection) if isinstance(projection, Linear) else _kernel(projection)
    inputs = projection.matrix.shape[1] if isinstance(projection, Linear) else projection.support.shape[1]
    graph = helper.make_graph(
        nodes,
        "projection",
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", inputs])],
        [helper.make_tensor_value_info("projected", TensorProto.FLOAT, ["n", outputs])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def _linear(projection: Linear):
    nodes = [
        helper.make_node("Sub", ["embedding", "origin"], ["centred"]),
        helper.make_node("MatMul", ["centred", "matrix"], ["projected"]),
    ]
    return nodes, {"origin": projection.origin, "matrix": projection.matrix.T}, len(projection.matrix)


def _kernel(projection: Kernel):
    """|x - s|^2 = x.x - 2 x.s + s.s, never below 0."""
    nodes = [
        helper.make_node("Mul", ["embedding", "embedding"], ["squared"]),
        helper.make_node("MatMul", ["squared", "ones"], ["norm"]),
        helper.make_node("MatMul", ["embedding", "support"], ["product"]),
        helper.make_node("Add", ["product", "supportNorms"], ["moved"]),
        helper.make_node("Add", ["moved", "norm"], ["distance"]),
        helper.make_node("Relu", ["distance"], ["distances"]),
        helper.make_node("Mul", ["distances", "negativeGamma"], ["exponent"]),
        helper.make_node("Exp", ["exponent"], ["kernel"]),
        helper.make_node("MatMul", ["kernel", "weights"], ["weighted"]),
        helper.make_node("Add", ["weighted", "offset"], ["projected"]),
    ]
    constants = {
        "ones": np.ones((projection.support.shape[1], 1)),
        "support": -2 * projection.support.T,
        "supportNorms": (projection.support**2).sum(1),
        "negativeGamma": [-projection.gamma],
        "weights": projection.weights,
        "offset": projection.offset,
    }
    return nodes, constants, projection.weights.shape[1]
