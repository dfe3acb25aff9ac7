"""Gives a convolutional model the output `features`, which an uncertainty head reads:

    tools/models/python.sh tools/models/add_features.py IN.onnx OUT.onnx TENSOR...

For each named tensor float32[N, C, H, W] that is never negative (after a ReLU, say), log(mean(x) + 0.01) and
log(mean(x^2) + 0.01) over the pixels of each channel: 2 C numbers. Take the last map of each resolution. What the model
gave before it still gives, to the last digits. Name the output in `model.yaml`: `output: { features: features }`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUTPUT = "features"
FLOOR = "features_floor"


def with_features(model: onnx.ModelProto, tensors: list[str]) -> onnx.ModelProto:
    known = {name for node in model.graph.node for name in node.output}
    for name in tensors:
        if name not in known:
            raise SystemExit(f"the model has no tensor {name}; its nodes give: {', '.join(sorted(known))}")
    if any(output.name == OUTPUT for output in model.graph.output):
        raise SystemExit(f"the model has an output {OUTPUT} already")
    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    graph = extended.graph
    graph.initializer.append(numpy_helper.from_array(np.float32(0.01), FLOOR))
    parts = []
    for tensor in tensors:
        graph.node.append(helper.make_node("Mul", [tensor, tensor], [f"{tensor}_squared"]))
        for values in (tensor, f"{tensor}_squared"):
            mean, floored, logarithm = f"{values}_mean", f"{values}_floored", f"{values}_log"
            graph.node.append(helper.make_node("ReduceMean", [values], [mean], axes=[2, 3], keepdims=0))
            graph.node.append(helper.make_node("Add", [mean, FLOOR], [floored]))
            graph.node.append(helper.make_node("Log", [floored], [logarithm]))
            parts.append(logarithm)
    graph.node.append(helper.make_node("Concat", parts, [OUTPUT], axis=1))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", None]))
    onnx.checker.check_model(extended, full_check=True)
    return extended


def main() -> None:
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    source, target, *tensors = sys.argv[1:]
    Path(target).write_bytes(with_features(onnx.load(source), tensors).SerializeToString())


if __name__ == "__main__":
    main()
