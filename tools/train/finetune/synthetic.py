"""A made-up model of two stages and data for it: for the smoke run and the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from heads.synthetic import synthetic
from heads.tensors import Tensors

SIZE = 16
"""Of an input, of the embedding and of what lies between them."""


def synthetic_model(seed: int = 1) -> onnx.ModelProto:
    """A 1 x 1 convolution, cut here as `middle`; then a padded one with normalisation and ReLU as Max, and a full one.
    The features are logarithms of the mean squares of the input and of the last map."""
    random = np.random.default_rng(seed)
    weights = {
        "first": np.eye(SIZE)[:, :, None, None] + 0.1 * random.normal(size=(SIZE, SIZE, 1, 1)),
        "second": 0.2 * random.normal(size=(SIZE, SIZE, 3, 3)),
        "scale": random.uniform(0.5, 1.5, SIZE),
        "shift": random.normal(size=SIZE) * 0.1,
        "mean": random.normal(size=SIZE) * 0.1,
        "variance": random.uniform(0.5, 1.5, SIZE),
        "zero": np.array(-0.5),
        "full": random.normal(size=(SIZE, SIZE)) / 4,
        "bias": random.normal(size=SIZE) * 0.1,
        "floor": np.array(1e-2),
    }
    nodes = [
        helper.make_node("Conv", ["data", "first"], ["middle"]),
        helper.make_node("Mul", ["data", "data"], ["early_squared"]),
        helper.make_node("ReduceMean", ["early_squared"], ["early_mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Conv", ["middle", "second"], ["moved"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["moved", "scale", "shift", "mean", "variance"], ["normal"]),
        helper.make_node("Max", ["normal", "zero"], ["last"]),
        helper.make_node("Flatten", ["last"], ["flat"]),
        helper.make_node("Gemm", ["flat", "full", "bias"], ["embedding"], transB=1),
        helper.make_node("Mul", ["last", "last"], ["last_squared"]),
        helper.make_node("ReduceMean", ["last_squared"], ["last_mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Concat", ["early_mean", "last_mean"], ["means"], axis=1),
        helper.make_node("Add", ["means", "floor"], ["floored"]),
        helper.make_node("Log", ["floored"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", SIZE, 1, 1])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None]) for name in ("embedding", "features")],
        [numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def synthetic_inputs(seed: int = 1) -> tuple[Tensors, np.ndarray]:
    """Data without embeddings and features, and the inputs of its rows, float32[R, SIZE, 1, 1]."""
    data = synthetic(dimension=SIZE, seed=seed)
    empty = np.zeros((len(data.embeddings), 0), np.float32)
    return replace(data, embeddings=empty, features=empty), 4 * data.embeddings[:, :, None, None]
