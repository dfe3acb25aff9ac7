"""speaker-ge2e-int8: Resemblyzer's speaker encoder (three LSTMs and a linear layer), mostly in eight bits."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from graph import Graph
from registry import Package
from torch_checkpoint import read_checkpoint

PACKAGE = Package("PyPI", "resemblyzer", "0.1.4")
HIDDEN = 256
LAYERS = 3
# Power mels span too wide a range for eight bits, so the layer that reads them keeps its floats.
FLOAT_LAYERS = ["lstm0"]


def build() -> dict[str, bytes]:
    checkpoint = PACKAGE.read(
        "resemblyzer/pretrained.pt", "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
    )
    licence = PACKAGE.read("Resemblyzer-0.1.4.dist-info/LICENSE", "835cbdc5bdc6c60fae874e544e7d5ba648d77d25ec72e4c2efc26b5fde0862c3")
    return {"model.onnx": _quantise(_encoder(read_checkpoint(checkpoint)["model_state"])), "LICENSE": licence}


def _encoder(state: dict[str, np.ndarray]) -> onnx.ModelProto:
    """mel float32[N, frames, 40] to embedding float32[N, 256]: unit norm, not negative."""
    graph = Graph("ge2e")
    x = graph.add("Transpose", ["mel"], "x0", perm=[1, 0, 2])
    for layer in range(LAYERS):
        x = _lstm(graph, x, state, layer)
    hidden = graph.add("Squeeze", ["h2", graph.constant(np.array([0], np.int64), "axh")], "hid")
    product = graph.add("MatMul", [hidden, graph.constant(state["linear.weight"].T, "WL")], "mm", name="linear")
    linear = graph.add("Add", [product, graph.constant(state["linear.bias"], "BL")], "lin")
    graph.add("LpNormalization", [graph.add("Relu", [linear], "re")], "embedding", axis=1, p=2)
    return graph.model({"mel": ["N", "frames", 40]}, {"embedding": ["N", HIDDEN]})


def _lstm(graph: Graph, x: str, state: dict[str, np.ndarray], layer: int) -> str:
    """Returns the outputs of every frame; the last layer's are not needed, only its final state."""
    weights = _gates(state[f"lstm.weight_ih_l{layer}"])[None]
    recurrence = _gates(state[f"lstm.weight_hh_l{layer}"])[None]
    biases = [_gates(state[f"lstm.bias_{side}_l{layer}"]) for side in ("ih", "hh")]
    inputs = [
        x,
        graph.constant(weights, f"W{layer}"),
        graph.constant(recurrence, f"R{layer}"),
        graph.constant(np.concatenate(biases)[None], f"B{layer}"),
    ]
    outputs = [f"y{layer}", f"h{layer}"]
    graph.add_many("LSTM", inputs, outputs, hidden_size=HIDDEN, name=f"lstm{layer}")
    if layer == LAYERS - 1:
        return outputs[0]
    direction = graph.constant(np.array([1], np.int64), f"ax{layer}")
    return graph.add("Squeeze", [outputs[0], direction], f"x{layer + 1}")


def _gates(rows: np.ndarray) -> np.ndarray:
    """PyTorch orders the gates input, forget, cell, output; ONNX input, output, forget, cell."""
    gate = dict(zip("ifco", np.split(rows, 4)))
    return np.concatenate([gate[name] for name in "iofc"])


def _quantise(model: onnx.ModelProto) -> bytes:
    """Dynamic int8 with a seven-bit range, against saturation on processors without VNNI."""
    logging.getLogger().setLevel(logging.ERROR)  # it recommends a pre-processing that changes nothing here
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "int8.onnx"
        quantize_dynamic(
            model, target, weight_type=QuantType.QInt8, nodes_to_exclude=FLOAT_LAYERS, reduce_range=True
        )
        return target.read_bytes()
