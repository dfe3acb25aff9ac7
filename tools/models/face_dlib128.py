"""face-dlib128: dlib's face recognition ResNet, 128-D, with the features an uncertainty head reads."""

from __future__ import annotations

import numpy as np

from face_api import Weights, floats, read_licence, read_weights, shape
from graph import Graph

MEAN_RGB = (122.782, 117.001, 104.298)
# Per stage: the block that halves the resolution (the first one follows the stem), then its residual blocks.
STAGES = (
    (None, ("conv32_1", "conv32_2", "conv32_3")),
    ("conv64_down", ("conv64_1", "conv64_2", "conv64_3")),
    ("conv128_down", ("conv128_1", "conv128_2")),
    ("conv256_down", ("conv256_1", "conv256_2")),
    ("conv256_down_out", ()),
)
SIZE_AFTER_STEM = 35
FEATURES = 2 * (32 + 64 + 128 + 256 + 256)


def build() -> dict[str, bytes]:
    weights = read_weights(
        "face_recognition_model",
        weights_sha256="b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
        manifest_sha256="cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b",
    )
    graph = Graph("face-dlib128")
    x = graph.centred("input", MEAN_RGB)
    x = _scaled_convolution(graph, x, weights, "conv32_down", stride=2, padding=0, relu=True)
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])

    maps: list[str] = []
    size, channels = SIZE_AFTER_STEM, 32
    for down, blocks in STAGES:
        if down:
            x, size, channels = _halving_block(graph, x, weights, down, size, channels)
        for block in blocks:
            x = _residual_block(graph, x, weights, block)
        maps.append(x)

    pooled = graph.add("ReduceMean", [x], axes=[2, 3], keepdims=0)
    graph.add("MatMul", [pooled, graph.weight(weights["fc"], (0, 1), "fc")], "embedding")
    graph.add("Concat", [_log_moment(graph, x, power) for x in maps for power in (1, 2)], "features", axis=1)
    model = graph.model(
        {"input": ["N", 3, 150, 150]}, {"embedding": ["N", 128], "features": ["N", FEATURES]}
    )
    return {"model.onnx": model.SerializeToString(), "LICENSE": read_licence()}


def _scaled_convolution(
    graph: Graph, x: str, weights: Weights, name: str, stride: int, padding: int, relu: bool
) -> str:
    """A convolution and the affine layer after it (dlib's frozen batch norm), folded into one."""
    scale = floats(weights, f"{name}/scale/weights")
    bias = floats(weights, f"{name}/conv/bias") * scale + floats(weights, f"{name}/scale/biases")
    kernel = graph.weight(weights[f"{name}/conv/filters"], (3, 2, 0, 1), f"{name}/conv/filters")
    kernel = graph.add("Mul", [kernel, graph.constant(scale.reshape(-1, 1, 1, 1))])
    x = graph.add("Conv", [x, kernel, graph.constant(bias)], strides=[stride] * 2, pads=[padding] * 4)
    return graph.add("Relu", [x]) if relu else x


def _residual_block(graph: Graph, x: str, weights: Weights, name: str) -> str:
    y = _scaled_convolution(graph, x, weights, f"{name}/conv1", stride=1, padding=1, relu=True)
    y = _scaled_convolution(graph, y, weights, f"{name}/conv2", stride=1, padding=1, relu=False)
    return graph.add("Relu", [graph.add("Add", [y, x])])


def _halving_block(
    graph: Graph, x: str, weights: Weights, name: str, size: int, channels: int
) -> tuple[str, int, int]:
    """A residual block at half the resolution; the smaller of its two branches is padded with zeros
    at the bottom and right, and the shortcut with zero channels, as dlib does."""
    y = _scaled_convolution(graph, x, weights, f"{name}/conv1", stride=2, padding=0, relu=True)
    y = _scaled_convolution(graph, y, weights, f"{name}/conv2", stride=1, padding=1, relu=False)
    shortcut = graph.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    missing_pixels = size // 2 - ((size - 3) // 2 + 1)
    wider = shape(weights, f"{name}/conv2/conv/filters")[3]
    if missing_pixels:
        y = graph.add("Pad", [y, _pads(graph, 0, missing_pixels)])
    if wider != channels:
        shortcut = graph.add("Pad", [shortcut, _pads(graph, wider - channels, 0)])
    return graph.add("Relu", [graph.add("Add", [shortcut, y])]), size // 2, wider


def _log_moment(graph: Graph, x: str, power: int) -> str:
    """log(mean(x^power) + 0.01) over the pixels of each channel."""
    raised = x if power == 1 else graph.add("Mul", [x, x])
    mean = graph.add("ReduceMean", [raised], axes=[2, 3], keepdims=0)
    return graph.add("Log", [graph.add("Add", [mean, graph.scalar(0.01)])])


def _pads(graph: Graph, channels: int, pixels: int) -> str:
    return graph.constant(np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64))
