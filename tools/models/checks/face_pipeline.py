"""The face pipeline as model.yaml and the model cards describe it: boxes, five points, aligned crop, vector.

Images are uint8[H, W, 3] RGB; points float[n, 2] and boxes float[4] (left, top, right, bottom) in pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import yaml

MODELS = Path(__file__).resolve().parents[3] / "models"
Faces = list[tuple[float, np.ndarray]]


class Model:
    """A shipped model: its manifest and a session on one thread."""

    def __init__(self, name: str, file: Path | None = None) -> None:
        folder = MODELS / name / "1"
        self.manifest: dict[str, Any] = yaml.safe_load((folder / "model.yaml").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        path = file or folder / self.manifest["artefact"]["file"]
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, images: np.ndarray) -> np.ndarray:
        """The main output for uint8 or float[N, H, W, 3]."""
        tensor = np.ascontiguousarray(images.transpose(0, 3, 1, 2)).astype(np.float32)
        return self._session.run([self.manifest["output"]["tensor"]], {self.manifest["input"]["tensor"]: tensor})[0]


def detect(model: Model, image: np.ndarray) -> Faces:
    """Score and box of every face at the first input size that finds one, the best score first."""
    for size in model.manifest["input"]["sizes"]:
        faces = detect_at(model, image, size)
        if faces:
            return faces
    return []


def detect_at(model: Model, image: np.ndarray, size: int) -> Faces:
    options = model.manifest["decoderOptions"]
    scale = size / max(image.shape[:2])
    output = model.run(_letterbox(image, size, scale)[None])[0]
    cells = output.reshape(*output.shape[:2], len(options["anchors"]), 5)
    scores = _sigmoid(cells[..., 4])
    row, column, anchor = np.nonzero(scores > options["scoreThreshold"])
    x, y, width, height, _ = cells[row, column, anchor].T
    centre = np.stack([column + _sigmoid(x), row + _sigmoid(y)], axis=1)
    half = np.exp(np.stack([width, height], axis=1)) * np.array(options["anchors"])[anchor] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1) * options["stride"] / scale
    return _without_overlaps(scores[row, column, anchor], boxes, options["iouThreshold"])


def largest(faces: Faces) -> np.ndarray:
    return max((box for _, box in faces), key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))


def locate(model: Model, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The 68 points of the face in `box`; each pass crops around the points of the one before."""
    options = model.manifest["decoderOptions"]
    centre, side, angle = _square(np.array(box).reshape(2, 2), 0.0, options["boxScale"])
    points = _locate_once(model, image, centre, side, angle)
    for _ in range(options["passes"] - 1):
        angle = _eye_angle(points) if options["levelEyes"] else 0.0
        points = _locate_once(model, image, *_square(points, angle, options["refineScale"]))
    return points


def five_points(points: np.ndarray) -> np.ndarray:
    """Right eye (image left), left eye, nose tip, right and left mouth corner of the 68 points."""
    return np.array([points[36:42].mean(axis=0), points[42:48].mean(axis=0), points[30], points[48], points[54]])


def aligned(model: Model, image: np.ndarray, five: np.ndarray) -> np.ndarray:
    """The crop in which the five points lie on the template as well as a similarity allows."""
    needs = model.manifest["input"]
    transform = _similarity(five, np.array(needs["template"]))
    return cv2.warpAffine(image, transform, (needs["width"], needs["height"]), flags=cv2.INTER_LINEAR)


def embed(model: Model, crops: np.ndarray, batch: int = 16) -> np.ndarray:
    vectors = np.concatenate([model.run(crops[at : at + batch]) for at in range(0, len(crops), batch)])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _letterbox(image: np.ndarray, size: int, scale: float) -> np.ndarray:
    height, width = (round(side * scale) for side in image.shape[:2])
    canvas = np.zeros((size, size, 3), np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[:height, :width] = cv2.resize(image, (width, height), interpolation=how)
    return canvas


def _without_overlaps(scores: np.ndarray, boxes: np.ndarray, limit: float) -> Faces:
    kept: Faces = []
    for index in np.argsort(-scores, kind="stable"):
        if all(_overlap(boxes[index], box) <= limit for _, box in kept):
            kept.append((float(scores[index]), boxes[index]))
    return kept


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    shared = np.prod(np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


def _square(points: np.ndarray, angle: float, scale: float) -> tuple[np.ndarray, float, float]:
    """Centre, side and angle of the square around the points, its sides turned by `angle`."""
    turned = points @ _rotation(angle).T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return (low + high) / 2 @ _rotation(angle), float((high - low).max()) * scale, angle


def _locate_once(model: Model, image: np.ndarray, centre: np.ndarray, side: float, angle: float) -> np.ndarray:
    size = model.manifest["input"]["width"]
    turn = _rotation(angle) * size / side
    shift = size / 2 - turn @ centre
    crop = cv2.warpAffine(image, np.column_stack([turn, shift]), (size, size), flags=cv2.INTER_LINEAR)
    points = model.run(crop[None])[0].reshape(68, 2) * size
    return (points - shift) @ np.linalg.inv(turn).T


def _rotation(angle: float) -> np.ndarray:
    """Takes a direction at `angle` (from the x axis towards the y axis) to the x axis."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _eye_angle(points: np.ndarray) -> float:
    x, y = points[42:48].mean(axis=0) - points[36:42].mean(axis=0)
    return float(np.arctan2(y, x))


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotation, scale and shift with the least squared error (Umeyama, PAMI 1991), float[2, 3]."""
    from_mean, to_mean = source.mean(axis=0), target.mean(axis=0)
    centred = source - from_mean
    u, singular, v = np.linalg.svd((target - to_mean).T @ centred)
    signs = np.array([1, np.sign(np.linalg.det(u @ v))])
    turn = u @ np.diag(signs) @ v * (singular @ signs) / (centred**2).sum()
    return np.column_stack([turn, to_mean - turn @ from_mean])


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))
