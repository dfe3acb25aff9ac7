"""Faces missed, accuracy and thresholds of the face models on folds 1 to 5 of LFW (view 2).

An image without a detected face makes its pairs wrong. Each fold's threshold comes from the others.
"""

from __future__ import annotations

import argparse
import csv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from face_pipeline import Model, aligned, detect, detect_at, embed, five_points, largest, locate
from scores import best_threshold, summary

POINTS = ("re", "le", "nose", "rm", "lm")


@dataclass(frozen=True)
class Pairs:
    fold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    same: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds faces/lfw-dev.zip")
    faces = parser.parse_args().data / "faces"
    names, pairs = read_pairs(faces / "lfw_pairs_dev.csv")
    with zipfile.ZipFile(faces / "lfw-dev.zip") as archive:
        images = [read_image(archive.read(name)) for name in names]
    given = read_points(faces / "lfw_landmarks_dev.tsv")
    detector, landmarks, embedder = (Model(n) for n in ("face-detector-tiny", "face-landmarks-68", "face-dlib128"))

    report_missed(detector, images)
    found = [detect(detector, image) for image in images]
    usable = np.array([bool(faces) for faces in found])
    crops = np.zeros((len(images), 150, 150, 3), np.uint8)
    for index in np.flatnonzero(usable):
        points = locate(landmarks, images[index], largest(found[index]))
        crops[index] = aligned(embedder, images[index], five_points(points))
    own = embed(embedder, crops)
    report("own points, largest face", own, usable, pairs, names)

    yunet = embed(embedder, np.stack([aligned(embedder, i, given[name]) for i, name in zip(images, names)]))
    report("YuNet's points", yunet, np.ones(len(images), bool), pairs, names)
    print(f"the same image both ways: median cosine {np.median((own * yunet).sum(axis=1)[usable]):.4f}")


def report_missed(detector: Model, images: list[np.ndarray]) -> None:
    print(f"{len(images)} images, score {detector.manifest['decoderOptions']['scoreThreshold']}")
    missed = []
    for size in detector.manifest["input"]["sizes"]:
        missed.append(np.array([not detect_at(detector, image, size) for image in images]))
        print(f"missed at {size}: {missed[-1].sum()} (first 807: {missed[-1][:807].sum()})")
    every = np.all(missed, axis=0)
    print(f"missed at every size: {every.sum()} (first 807: {every[:807].sum()})", flush=True)


def report(title: str, vectors: np.ndarray, usable: np.ndarray, pairs: Pairs, names: list[str]) -> None:
    scores = (vectors[pairs.left] * vectors[pairs.right]).sum(axis=1)
    scored = usable[pairs.left] & usable[pairs.right]
    accuracies = []
    for fold in np.unique(pairs.fold):
        others = scored & (pairs.fold != fold)
        threshold = best_threshold(scores[others & pairs.same], scores[others & ~pairs.same])
        here = pairs.fold == fold
        accuracies.append((((scores >= threshold) == pairs.same) & scored)[here].mean())
    print(f"{title}: accuracy {np.mean(accuracies):.4f} (sd {np.std(accuracies, ddof=1):.4f}), "
          f"{(~scored).sum()} pairs without a face")
    print(summary(scores[scored & pairs.same], scores[scored & ~pairs.same]))

    used = np.flatnonzero(usable)
    people = np.array([name.split("/")[1] for name in names])[used]
    left, right = np.triu_indices(len(used), 1)
    cosines = (vectors[used] @ vectors[used].T)[left, right]
    same = people[left] == people[right]
    print("all pairs of these images:", summary(cosines[same], cosines[~same]), flush=True)


def read_pairs(path: Path) -> tuple[list[str], Pairs]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    names = sorted({row[side] for row in rows for side in ("left", "right")})
    index = {name: at for at, name in enumerate(names)}
    left, right = (np.array([index[row[side]] for row in rows]) for side in ("left", "right"))
    fold, same = np.array([row["fold"] for row in rows]), np.array([row["same"] == "1" for row in rows])
    return names, Pairs(fold, left, right, same)


def read_points(path: Path) -> dict[str, np.ndarray]:
    with path.open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    columns = [[f"{point}_{axis}" for axis in "xy"] for point in POINTS]
    return {
        f"lfw-dev/{row['image']}": np.array([[float(row[x]), float(row[y])] for x, y in columns]) for row in rows
    }


def read_image(content: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("not an image")
    return image[:, :, ::-1]


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
