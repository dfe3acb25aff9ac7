"""What `affinis export-tensors` wrote: embeddings and features of samples and of degraded copies of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FORMAT = "affinis.tensors/1"


@dataclass(frozen=True)
class Tensors:
    """K copies (copy 0 is the sample as given) of N samples. Row `copy * N + sample` is a copy."""

    subjects: np.ndarray
    """int32[N], 0 or above."""
    embeddings: np.ndarray
    """float32[K * N, D]"""
    features: np.ndarray
    """float32[K * N, F]"""
    usable: np.ndarray
    """bool[K * N]: the copy could be embedded."""
    copies: int
    meta: dict

    @property
    def samples(self) -> int:
        return len(self.subjects)

    @property
    def dimension(self) -> int:
        return self.embeddings.shape[1]

    def of(self, subjects: np.ndarray) -> np.ndarray:
        """Samples of some subjects whose clean copy could be embedded, int64[*]."""
        return np.flatnonzero(np.isin(self.subjects, subjects) & self.usable[: self.samples])

    def rows(self, samples: np.ndarray) -> np.ndarray:
        """Usable rows of all copies of some samples, int64[*]."""
        rows = (np.arange(self.copies)[:, None] * self.samples + samples).ravel()
        return rows[self.usable[rows]]


def read_tensors(folder: Path) -> Tensors:
    """Raises ValueError or FileNotFoundError naming the file that is wrong and how to make a right one."""
    if not (folder / "meta.json").exists():
        raise FileNotFoundError(f"{folder / 'meta.json'}: is not there; make the folder with affinis export-tensors")
    meta = json.loads((folder / "meta.json").read_text())
    if meta.get("format") != FORMAT:
        raise ValueError(f"{folder / 'meta.json'}: format is {meta.get('format')}; {FORMAT} is needed, export again")
    if meta["copies"] < 2:
        raise ValueError(f"{folder}: holds no degraded copies; export with --copies 1 or more")
    if meta["features"] is None:
        raise ValueError(f"{folder}: {meta['model']} has no features; name an output of features in its model.yaml")
    rows = meta["copies"] * meta["samples"]
    return Tensors(
        subjects=_array(folder, "subjects", (meta["samples"],)),
        embeddings=_array(folder, "embeddings", (meta["copies"], meta["samples"], meta["dimension"])).reshape(rows, -1),
        features=_array(folder, "features", (meta["copies"], meta["samples"], meta["features"])).reshape(rows, -1),
        usable=_array(folder, "failed", (meta["copies"], meta["samples"])).ravel() == 0,
        copies=meta["copies"],
        meta=meta,
    )


def read_inputs(folder: Path, model: Path, data: Tensors) -> np.ndarray:
    """What the model was given for each row, [K * N, ...], mapped from disk. Raises ValueError or FileNotFoundError."""
    file = folder / "inputs.npy"
    if not file.exists():
        raise FileNotFoundError(f"{file}: is not there; export with --inputs")
    if not model.exists():
        raise FileNotFoundError(f"{model}: is not there; name the ONNX file of {data.meta['model']}")
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    if digest != data.meta["modelSha256"]:
        raise ValueError(f"{model}: sha256 is {digest} where {folder} was made by {data.meta['modelSha256']}")
    inputs = np.load(file, mmap_mode="r")
    return inputs.reshape(data.copies * data.samples, *inputs.shape[2:])


def _array(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = np.load(folder / f"{name}.npy")
    if array.shape != shape:
        raise ValueError(f"{folder / name}.npy: is {array.shape} where meta.json says {shape}; export again")
    return array
