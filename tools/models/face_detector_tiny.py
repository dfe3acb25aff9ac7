"""face-detector-tiny: the package's tiny_face_detector (Tiny YOLO v2 with separable convolutions)."""

from __future__ import annotations

from face_api import convolution, read_licence, read_weights, separable
from graph import Graph

MEAN_RGB = (117.001, 114.697, 97.404)
NONE, SAME = [0, 0, 0, 0], [1, 1, 1, 1]


def build() -> dict[str, bytes]:
    weights = read_weights(
        "tiny_face_detector_model",
        weights_sha256="b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871",
        manifest_sha256="5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5",
    )
    graph = Graph("face-detector-tiny")
    x = graph.centred("input", MEAN_RGB)
    x = _leaky(graph, convolution(graph, x, weights, "conv0", 1, NONE))
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        # Rounding up makes the unpadded first layer's odd size come out at half of the input's.
        x = graph.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
        x = _leaky(graph, separable(graph, x, weights, name, 1, SAME))
    x = graph.add("MaxPool", [x], kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
    x = convolution(graph, x, weights, "conv8", 1, NONE)
    graph.add("Transpose", [x], "output", perm=[0, 2, 3, 1])
    model = graph.model({"input": ["N", 3, "S", "S"]}, {"output": ["N", "cells", "cells", 25]})
    return {"model.onnx": model.SerializeToString(), "LICENSE": read_licence()}


def _leaky(graph: Graph, x: str) -> str:
    return graph.add("LeakyRelu", [x], alpha=0.1)
