"""Writes what ships: the model's folder and the report. Each file is complete under its name, or not there."""

from __future__ import annotations

import math
from pathlib import Path

from reporting import filled, json_bytes, table, write_whole

from .measure import Figure
from .settings import MAX_TOKENS
from .sources import REPOSITORY, TEACHER, TEACHER_WEIGHTS, WORDNET, digest, read_wordnet
from .student import BITS
from .vocabulary import Vocabulary

TEMPLATES = Path(__file__).parent / "templates"
LARGEST_BYTES = 3_500_000


def write_model(folder: Path, model: bytes, vocabulary: Vocabulary, report: dict) -> None:
    words = vocabulary.file()
    if len(model) + len(words) > LARGEST_BYTES:
        raise ValueError(f"model and vocabulary take {len(model) + len(words)} bytes, at most {LARGEST_BYTES} may ship")
    values = _values(report) | {"model_sha256": digest(model), "vocabulary_sha256": digest(words)}
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "model.onnx", model)
    write_whole(folder / "vocab.txt", words)
    write_whole(folder / "LICENSE", _licence().encode())
    for template, name in (("model.yaml", "model.yaml"), ("card.md", "README.md")):
        write_whole(folder / name, filled(TEMPLATES / template, values))


def write_report(folder: Path, report: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "text-student.json", json_bytes(report))
    write_whole(folder / "text-student.md", filled(TEMPLATES / "report.md", _values(report)))


def _values(report: dict) -> dict[str, object]:
    """What the templates name."""
    settings, threshold, speed = report["settings"], report["threshold"], report["millisecondsPerSentence"]
    clean = report["dev"]["clean"]["student"]
    return settings | {
        "bits": BITS,
        "spearman": f"{clean['spearman']['value']:.3f}".lstrip("0"),
        "max_tokens": MAX_TOKENS,
        "vocabulary_size": f"{report['tokens']:,}",
        "teacher": f"{TEACHER.registry} {TEACHER.name}@{TEACHER.version}",
        "teacher_path": TEACHER_WEIGHTS[0],
        "teacher_sha256": TEACHER_WEIGHTS[1],
        "wordnet": f"{WORDNET.registry} {WORDNET.name}@{WORDNET.version}",
        "quality_table": _quality_table(report["dev"]),
        "sentence_table": table(
            ("sentences", "number"), [(name, f"{size:,}") for name, size in report["sentences"].items()]
        ),
        "feature_table": table(
            ("feature", "Spearman with the squared distance"),
            [
                (name, "constant there" if value is None else f"{value:+.2f}")
                for name, value in report["uncertainty"]["single"].items()
            ],
        ),
        "linear": f"{report['uncertainty']['linear']:+.2f}",
        "train_spearman": Figure(**report["trainSeen"]["spearman"]).text(),
        "cosine": f"{threshold['cosine']:.3f}",
        "euclidean": f"{math.sqrt(2 - 2 * threshold['cosine']):.3f}",
        "equal_error_rate": f"{100 * threshold['equalErrorRate']:.1f}",
        "same": threshold["same"],
        "different": threshold["different"],
        "model_megabytes": f"{report['bytes']['model'] / 1e6:.2f}",
        "total_megabytes": f"{sum(report['bytes'].values()) / 1e6:.2f}",
        "timed_tokens": speed["tokens"],
        "batch1_ms": f"{speed['batch1']:.3f}",
        "batch32_ms": f"{speed['batch32']:.3f}",
        "embedding_difference": f"{report['independence']['embedding']:.1e}",
        "feature_difference": f"{report['independence']['features']:.1e}",
        "shared_pairs": report["sharedPairs"],
        "minutes": report["minutes"],
        "teacher_minutes": report["teacherMinutes"],
        "settings_table": table(("setting", "value"), [(name, value) for name, value in settings.items()]),
        "environment": ", ".join(f"{name} {version}" for name, version in report["environment"].items()),
    }


def _quality_table(dev: dict) -> str:
    rows = [
        (
            recipe,
            *(Figure(**agreement["student"][kind]).text() for kind in ("spearman", "pearson")),
            Figure(**agreement["teacher"]["spearman"]).text(),
        )
        for recipe, agreement in dev.items()
    ]
    return table(("both sides", "Spearman", "Pearson", "teacher's Spearman"), rows)


def _licence() -> str:
    """The repository's, and WordNet's notice as its files carry it."""
    header = [line.split(None, 1)[1:] for line in read_wordnet()["noun"].splitlines() if line.startswith("  ")]
    own = (REPOSITORY / "LICENSE").read_text().rstrip()
    return (
        f"{own}\n\n{'-' * 72}\n\nWordNet, whose definitions and examples the model was trained on:\n\n"
        + "\n".join("".join(words).rstrip() for words in header)
        + "\n"
    )
