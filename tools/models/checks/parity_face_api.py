"""Compares the converted face models with the package they come from, run by Node on TensorFlow.js.

Same input tensors, largest absolute difference of the raw outputs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np

from face_pipeline import Model, aligned
from measure_faces import read_image, read_points

PACKAGES = ("@vladmandic/face-api@1.7.15", "@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0")
NETS = {
    "face-detector-tiny": "tinyFaceDetector",
    "face-landmarks-68": "faceLandmark68Net",
    "face-dlib128": "faceRecognitionNet",
}
IMAGES = 8
FACE = slice(60, 190)  # where LFW's faces are


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds faces/lfw-dev.zip")
    parser.add_argument("--backend", choices=("wasm", "cpu"), default="wasm")
    arguments = parser.parse_args()
    models = {name: Model(name) for name in NETS}
    cases = list(inputs(arguments.data / "faces", models["face-dlib128"]))
    theirs = run_package(cases, arguments.backend)
    for name, model in models.items():
        ours = [model.run(values).ravel() for case, values in cases if case == name]
        original = [output for (case, _), output in zip(cases, theirs) if case == name]
        worst = max(float(np.abs(a - b).max()) for a, b in zip(ours, original))
        scale = max(float(np.abs(b).max()) for b in original)
        print(f"{name}: {len(ours)} inputs, largest difference {worst:.2g} on values up to {scale:.3g}", flush=True)
        if name == "face-detector-tiny":
            scores = [1 / (1 + np.exp(-np.stack([a, b])[:, 4::5].astype(float))) for a, b in zip(ours, original)]
            print(f"  of the scores: {max(float(np.ptp(pair, axis=0).max()) for pair in scores):.2g}")


def inputs(faces: Path, embedder: Model) -> Iterator[tuple[str, np.ndarray]]:
    points = read_points(faces / "lfw_landmarks_dev.tsv")
    names = np.random.default_rng(1).choice(sorted(points), IMAGES, replace=False)
    with zipfile.ZipFile(faces / "lfw-dev.zip") as archive:
        for name in names:
            image = read_image(archive.read(name))
            for size in (320, 224, 160):
                yield "face-detector-tiny", cv2.resize(image, (size, size))[None]
            yield "face-landmarks-68", cv2.resize(image[FACE, FACE], (112, 112))[None]
            yield "face-dlib128", aligned(embedder, image, points[name])[None]
    noise = np.random.default_rng(2)
    for name, size in (("face-detector-tiny", 416), ("face-landmarks-68", 112), ("face-dlib128", 150)):
        yield name, noise.uniform(0, 255, (1, size, size, 3)).astype(np.float32)


def run_package(cases: list[tuple[str, np.ndarray]], backend: str) -> list[np.ndarray]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run(["npm", "init", "-y"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", *PACKAGES], cwd=folder, check=True)
        shutil.copy(Path(__file__).with_name("parity-face-api.mjs"), folder)
        for index, (_, values) in enumerate(cases):
            values.astype("<f4").tofile(folder / f"input-{index}.bin")
        described = [{"net": NETS[name], "shape": values.shape} for name, values in cases]
        (folder / "inputs.json").write_text(json.dumps(described))
        subprocess.run(["node", "parity-face-api.mjs", backend], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return [np.fromfile(folder / f"output-{index}.bin", "<f4") for index in range(len(cases))]


if __name__ == "__main__":
    main()
