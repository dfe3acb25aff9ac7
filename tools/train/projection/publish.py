"""Writes a projection as a model: NAME/VERSION with model.yaml, the ONNX file and, of a linear one, its matrix."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import yaml

from reporting import write_whole

from .graph import model_bytes
from .methods import Kernel, Linear


def publish(
    folder: Path, projection: Linear | Kernel, *, name: str, version: str, method: str, normalise: str, meta: dict
) -> Path:
    """Raises FileExistsError where the version is there: what embeddings were made by is never overwritten."""
    target = folder / name / version
    if target.exists():
        raise FileExistsError(f"{target}: is there; give another --name or --version")
    target.mkdir(parents=True)
    model = model_bytes(projection)
    write_whole(target / "model.onnx", model)
    manifest_input: dict = {"tensor": "embedding", "space": meta["space"], "dimension": meta["dimension"]}
    if isinstance(projection, Linear):
        matrix = np.asarray(projection.matrix, "<f4").tobytes()
        write_whole(target / "matrix.f32", matrix)
        manifest_input["linear"] = {"file": "matrix.f32", "sha256": _digest(matrix)}
    outputs = projection.matrix.shape[0] if isinstance(projection, Linear) else projection.weights.shape[1]
    labels = meta["labels"]
    manifest = {
        "name": name,
        "version": version,
        "task": "projection",
        "description": f"{method} of {meta['model']}, learned from {labels['file']} (sha256 {labels['sha256'][:12]})",
        "modality": meta.get("modality", "any"),
        "artefact": {"file": "model.onnx", "sha256": _digest(model)},
        "licence": {"name": "yours", "note": "learned from your data; mind its licence and the embedder's"},
        "input": manifest_input,
        "output": {"tensor": "projected", "dimension": int(outputs), "normalise": normalise},
    }
    write_whole(target / "model.yaml", yaml.safe_dump(manifest, sort_keys=False, width=120).encode())
    return target


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
