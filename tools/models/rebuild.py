"""Rebuilds the shipped model artefacts, or checks that the committed ones are what a rebuild gives."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from pathlib import Path

from registry import digest

MODELS = Path(__file__).resolve().parents[2] / "models"
BUILDERS = {
    "face-dlib128": "face_dlib128",
    "face-detector-tiny": "face_detector_tiny",
    "face-landmarks-68": "face_landmarks_68",
    "speaker-ge2e-int8": "speaker_ge2e_int8",
    "vad-silero-16k": "vad_silero_16k",
}
ARTEFACT_LINE = re.compile(r"^(artefact: \{ file: model\.onnx, sha256: )([0-9a-f]{64}|<hex>)( \})$", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(BUILDERS)}")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on any difference")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BUILDERS)
    if unknown:
        parser.error(f"unknown model {', '.join(sorted(unknown))}; known: {', '.join(BUILDERS)}")

    differences = 0
    for name in arguments.names or BUILDERS:
        files = importlib.import_module(BUILDERS[name]).build()
        folder = latest_version(name)
        if arguments.check:
            differences += _report(name, _differences(folder, files))
        else:
            _write(folder, files)
            print(f"{name}: {digest(files['model.onnx'])} ({len(files['model.onnx'])} bytes)", flush=True)
    return 1 if differences else 0


def latest_version(name: str) -> Path:
    """Folder of the version that ships. What `affinis fit` adds to one, uncertainty and calibrations, is left alone."""
    versions = [int(path.name) for path in (MODELS / name).glob("[0-9]*")]
    return MODELS / name / str(max(versions, default=1))


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    manifest = folder / "model.yaml"
    if manifest.exists():
        text, count = ARTEFACT_LINE.subn(rf"\g<1>{digest(files['model.onnx'])}\g<3>", manifest.read_text())
        if count != 1:
            raise ValueError(f"{manifest}: expected one line 'artefact: {{ file: model.onnx, sha256: ... }}'")
        manifest.write_text(text)


def _differences(folder: Path, files: dict[str, bytes]) -> list[str]:
    found = []
    for file, content in files.items():
        committed = folder / file
        if not committed.exists():
            found.append(f"{file} is missing")
        elif digest(committed.read_bytes()) != digest(content):
            found.append(f"{file} differs from a rebuild ({digest(content)})")
    manifest = folder / "model.yaml"
    line = ARTEFACT_LINE.search(manifest.read_text()) if manifest.exists() else None
    if line is None or line[2] != digest(files["model.onnx"]):
        found.append("model.yaml does not name the sha256 of a rebuilt model.onnx")
    return found


def _report(name: str, differences: list[str]) -> int:
    for difference in differences:
        print(f"{name}: {difference}", file=sys.stderr)
    if not differences:
        print(f"{name}: as committed", flush=True)
    return len(differences)


if __name__ == "__main__":
    sys.exit(main())
