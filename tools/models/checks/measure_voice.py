"""Thresholds and error rates of the speaker encoder on three-second pieces of LibriSpeech train.

Every speaker has one recording here, so genuine pairs share the session: optimistic figures.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path
from typing import Iterator

import numpy as np
import onnxruntime as ort
import soundfile

from mel import RATE, raised, slices
from scores import summary

PIECE_SAMPLES = 3 * RATE
PIECES = 4
MODELS = Path(__file__).resolve().parents[3] / "models"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds voice/librispeech-train.zip")
    parser.add_argument("--model", type=Path, default=MODELS / "speaker-ge2e-int8" / "1" / "model.onnx")
    arguments = parser.parse_args()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(arguments.model, options, providers=["CPUExecutionProvider"])

    speakers, embeddings = [], []
    for speaker, piece in read_pieces(arguments.data / "voice" / "librispeech-train.zip"):
        mean = session.run(["embedding"], {"mel": slices(raised(piece))})[0].mean(axis=0)
        speakers.append(speaker)
        embeddings.append(mean / np.linalg.norm(mean))
    cosines = np.array(embeddings) @ np.array(embeddings).T
    left, right = np.triu_indices(len(speakers), 1)
    same = np.array(speakers)[left] == np.array(speakers)[right]
    print(summary(cosines[left, right][same], cosines[left, right][~same]))


def read_pieces(archive: Path) -> Iterator[tuple[str, np.ndarray]]:
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if not name.endswith(".flac"):
                continue
            wave, rate = soundfile.read(io.BytesIO(files.read(name)), dtype="float32")
            assert rate == RATE, f"{name}: {rate} Hz"
            for index in range(min(PIECES, len(wave) // PIECE_SAMPLES)):
                piece = wave[index * PIECE_SAMPLES : (index + 1) * PIECE_SAMPLES]
                yield Path(name).name.split("-")[0], piece


if __name__ == "__main__":
    main()
