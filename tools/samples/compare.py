"""Compare a rebuilt samples folder with the committed one; exit 1 when a file disagrees.

Usage: compare.py COMMITTED_DIR REBUILT_DIR

Equal bytes pass. Otherwise pictures, sounds and fixtures are decoded and compared within a tolerance,
since another version of an encoder writes other bytes for the same content.
"""

import json
import sys
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

NOT_BUILT = ("README.md", "SHA256SUMS")
SOUNDS = (".flac", ".mp3", ".ogg", ".opus", ".wav")
MEAN_PIXEL_ERROR = 2.0
RELATIVE_SOUND_ERROR = 0.05
FIXTURE_ERROR = {"rtol": 1e-3, "atol": 1e-5}


def main(committed: Path, rebuilt: Path) -> int:
    disagreeing = 0
    names = files(committed) | files(rebuilt)
    for name in sorted(names):
        verdict = compare(committed / name, rebuilt / name)
        disagreeing += verdict.startswith("DIFFERS")
        print(f"{verdict:40} {name}")
    print(f"{len(names) - disagreeing} passed, {disagreeing} failed")
    return 1 if disagreeing else 0


def files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in NOT_BUILT)
    return {str(path.relative_to(folder)) for path in found}


def compare(old: Path, new: Path) -> str:
    """Say how two files agree: 'same bytes', 'same content (...)' or 'DIFFERS (...)'."""
    if not (old.exists() and new.exists()):
        return "DIFFERS (only in one folder)"
    if old.read_bytes() == new.read_bytes():
        return "same bytes"
    if old.suffix in SOUNDS:
        return compare_sounds(old, new)
    if old.suffix == ".json":
        return compare_fixtures(json.loads(old.read_text()), json.loads(new.read_text()))
    return compare_pictures(old, new)


def compare_pictures(old: Path, new: Path) -> str:
    before, after = (np.asarray(Image.open(path), dtype=np.float32) for path in (old, new))
    if before.shape != after.shape:
        return f"DIFFERS (shape {before.shape} or {after.shape})"
    error = float(np.abs(before - after).mean())
    return verdict(error <= MEAN_PIXEL_ERROR, f"mean pixel error {error:.2f}")


def compare_sounds(old: Path, new: Path) -> str:
    (before, old_rate_hz), (after, new_rate_hz) = (soundfile.read(path) for path in (old, new))
    if old_rate_hz != new_rate_hz or before.shape != after.shape:
        return "DIFFERS (rate or length)"
    error = float(np.sqrt(np.mean((before - after) ** 2) / np.mean(before**2)))
    return verdict(error <= RELATIVE_SOUND_ERROR, f"relative error {error:.3f}")


def compare_fixtures(old: object, new: object) -> str:
    """Compare two JSON trees, their numbers within FIXTURE_ERROR."""
    before, after = dict(leaves(old)), dict(leaves(new))
    if before.keys() != after.keys():
        return "DIFFERS (structure)"
    wrong = [path for path in before if not leaf_agrees(before[path], after[path])]
    return verdict(not wrong, wrong[0] if wrong else "numbers within tolerance")


def leaf_agrees(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return bool(np.isclose(old, new, **FIXTURE_ERROR))
    return old == new


def leaves(tree: object, path: str = ""):
    """Yield (path, value) for each number and string of a JSON tree."""
    if isinstance(tree, (dict, list)):
        for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(child, f"{path}/{key}")
    else:
        yield path, tree


def verdict(agrees: bool, detail: str) -> str:
    return f"{'same content' if agrees else 'DIFFERS'} ({detail})"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
