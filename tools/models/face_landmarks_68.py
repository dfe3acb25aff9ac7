"""face-landmarks-68: the package's face_landmark_68 (four dense blocks of separable convolutions)."""

from __future__ import annotations

from face_api import Weights, convolution, floats, read_licence, read_weights, separable
from graph import Graph

MEAN_RGB = (122.782, 117.001, 104.298)
HALVE, KEEP = [0, 0, 1, 1], [1, 1, 1, 1]  # TensorFlow's "same" for a 3x3 kernel at stride 2 (even size) and 1


def build() -> dict[str, bytes]:
    weights = read_weights(
        "face_landmark_68_model",
        weights_sha256="4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b",
        manifest_sha256="ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9",
    )
    graph = Graph("face-landmarks-68")
    x = graph.centred("input", MEAN_RGB)
    for block in ("dense0", "dense1", "dense2", "dense3"):
        x = _dense_block(graph, x, weights, block)
    x = graph.add("GlobalAveragePool", [x])  # 7x7 is all that is left of 112x112
    x = graph.add("Flatten", [x])
    fully_connected = graph.weight(weights["fc/weights"], (0, 1), "fc/weights")
    x = graph.add("MatMul", [x, fully_connected])
    graph.add("Add", [x, graph.constant(floats(weights, "fc/bias"), "fc/bias")], "points")
    model = graph.model({"input": ["N", 3, 112, 112]}, {"points": ["N", 136]})
    return {"model.onnx": model.SerializeToString(), "LICENSE": read_licence()}


def _dense_block(graph: Graph, x: str, weights: Weights, name: str) -> str:
    """Four convolutions at half the resolution, each fed with the sum of all before it."""
    first = convolution if f"{name}/conv0/filters" in weights else separable
    total = graph.add("Relu", [first(graph, x, weights, f"{name}/conv0", 2, HALVE)])
    for layer in ("conv1", "conv2", "conv3"):
        x = total if layer == "conv1" else graph.add("Relu", [total])
        total = graph.add("Add", [total, separable(graph, x, weights, f"{name}/{layer}", 1, KEEP)])
    return graph.add("Relu", [total])
