"""The rawest embedder there is, a picture's own pixels, so that projections may be shown on pictures without a network."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import yaml
from onnx import TensorProto, checker, helper, numpy_helper

from reporting import write_whole

from .graph import IR_VERSION, OPSET


def publish_pixels(folder: Path, side: int) -> Path:
    """Writes pixels-SIDE/1: darkness, 0 to 1, of side x side pixels. Raises FileExistsError where it is there."""
    name = f"pixels-{side}"
    target = folder / name / "1"
    if target.exists():
        raise FileExistsError(f"{target}: is there")
    target.mkdir(parents=True)
    model = _model(side)
    write_whole(target / "model.onnx", model)
    manifest = {
        "name": name,
        "version": "1",
        "task": "embedding",
        "description": f"darkness of {side} x {side} pixels",
        "modality": "image",
        "artefact": {"file": "model.onnx", "sha256": hashlib.sha256(model).hexdigest()},
        "licence": {"name": "Apache-2.0"},
        "input": {
            "tensor": "image",
            "layout": "NCHW",
            "colour": "RGB",
            "width": side,
            "height": side,
            "scale": 1 / 255,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "fit": "resize",
        },
        "output": {"tensor": "pixels", "dimension": side * side, "normalise": "l2"},
    }
    write_whole(target / "model.yaml", yaml.safe_dump(manifest, sort_keys=False, width=120).encode())
    return target


def _model(side: int) -> bytes:
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["light"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["white", "light"], ["dark"]),
        helper.make_node("Reshape", ["dark", "shape"], ["pixels"]),
    ]
    graph = helper.make_graph(
        nodes,
        "pixels",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", side * side])],
        [
            numpy_helper.from_array(np.float32([1]), "white"),
            numpy_helper.from_array(np.int64([-1, side * side]), "shape"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model.SerializeToString(deterministic=True)
