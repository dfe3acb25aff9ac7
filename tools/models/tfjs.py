"""Writes a shipped face embedder as a model of TensorFlow.js, beside which the ONNX one can be run:

    tools/models/tfjs.sh FOLDER [NAME]

makes FOLDER/NAME-tfjs/VERSION with `model.yaml`, `model.json`, `weights.bin`, licence and uncertainty; NAME is
`face-dlib128` unless given. With FOLDER under `models:` of `affinis.yaml` it is then a model like any other.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import onnx

from onnx_to_tfjs import convert
from rebuild import ARTEFACT_LINE, latest_version
from registry import digest
from tfjs_graph import WEIGHTS_FILE

MADE_BY = "affinis tools/models/tfjs.py"
KEPT = ("LICENSE", "uncertainty.json")


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    root, name = Path(sys.argv[1]), (*sys.argv[2:], "face-dlib128")[0]
    source = latest_version(name)
    if not (source / "model.onnx").exists():
        raise SystemExit(f"no model {name} with a model.onnx ships; see models/")
    files = convert(onnx.load(source / "model.onnx"), MADE_BY)
    folder = root / f"{name}-tfjs" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    for file in KEPT:
        if (source / file).exists():
            shutil.copyfile(source / file, folder / file)
    (folder / "model.yaml").write_text(manifest((source / "model.yaml").read_text(), name, files))
    print(f"{folder}: {sum(map(len, files.values())) / 1e6:.1f} MB", flush=True)


def manifest(text: str, name: str, files: dict[str, bytes]) -> str:
    """That of the ONNX model, but for what the format changes."""
    model, weights = digest(files["model.json"]), digest(files[WEIGHTS_FILE])
    artefact = f"artefact: {{ file: model.json, sha256: {model}, files: {{ {WEIGHTS_FILE}: {weights} }} }}"
    for pattern, line in (
        (re.compile(rf"^name: {re.escape(name)}$", re.MULTILINE), f"name: {name}-tfjs"),
        (re.compile(r"^backend: onnx$", re.MULTILINE), "backend: tfjs"),
        (ARTEFACT_LINE, artefact),
        (re.compile(r"^  layout: NCHW$", re.MULTILINE), "  layout: NHWC"),
    ):
        text, count = pattern.subn(line, text)
        if count != 1:
            raise ValueError(f"model.yaml of {name}: expected one line that matches {pattern.pattern}")
    return text


if __name__ == "__main__":
    main()
