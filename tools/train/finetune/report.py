"""The report of fine-tuning: figures as JSON, tables as Markdown."""

from __future__ import annotations

import dataclasses
import platform
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from heads.bootstrap import Judged
from heads.compare import Compared
from heads.report import COLUMNS, ONE_THRESHOLD, cells, data_of, figures_table, text
from heads.tensors import Tensors
from reporting import filled, json_bytes, table, write_whole

from .settings import METHODS, Settings
from .stage import Stage

TEMPLATE = Path(__file__).parent / "templates" / "report.md"
TITLES = {
    "cosine/frozen": "cosine, network as it was",
    "mls-llr/frozen": "MLS-LLR, network as it was",
    "cosine/plain": "cosine, tuned without uncertainty",
    "mls-llr/plain": "MLS-LLR, tuned without uncertainty",
    "cosine/uncertain": "cosine, tuned with uncertainty",
    "mls-llr/uncertain": "MLS-LLR, tuned with uncertainty",
    "cosine/plain whole": "cosine, without uncertainty, all the way",
    "cosine/uncertain whole": "cosine, with uncertainty, all the way",
}
DIFFERENCES = [
    ("cosine/uncertain", "cosine/plain"),
    ("mls-llr/uncertain", "mls-llr/plain"),
    ("cosine/plain", "cosine/frozen"),
    ("cosine/uncertain", "cosine/frozen"),
    ("mls-llr/plain", "mls-llr/frozen"),
    ("mls-llr/uncertain", "mls-llr/frozen"),
    ("mls-llr/plain", "cosine/plain"),
    ("mls-llr/frozen", "cosine/plain"),
]


def report_of(data: Tensors, stage: Stage, settings: Settings, compared: list[Compared], judged: Judged) -> dict:
    flat = dataclasses.asdict(settings)
    flat |= {f"heads.{name}": value for name, value in flat.pop("heads").items()}
    return {
        "data": data_of(data),
        "stage": {
            "after": stage.after,
            "weights": sum(weights.numel() for weights in stage.create().parameters()),
        },
        "settings": {
            name: ", ".join(map(str, value)) if isinstance(value, tuple) else value for name, value in flat.items()
        },
        "environment": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "onnxruntime": onnxruntime.__version__,
            "numpy": np.__version__,
        },
        "seeds": {
            str(seed): {"sizes": one.sizes, "constants": one.constants}
            for seed, one in zip(settings.heads.seeds, compared)
        },
        "figures": {scorer: judged.of(scorer) for scorer in TITLES},
        "differences": {f"{one} - {other}": judged.difference(one, other) for one, other in DIFFERENCES},
    }


def write_report(folder: Path, report: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "finetune.json", json_bytes(report))
    write_whole(folder / "finetune.md", filled(TEMPLATE, _values(report)))


def _values(report: dict) -> dict[str, object]:
    data, seeds, differences = report["data"], report["seeds"], report["differences"]
    sizes = [seed["sizes"] for seed in seeds.values()]
    return {
        "model": data["model"],
        "after": report["stage"]["after"],
        "weights": f"{report['stage']['weights']:,}",
        "samples": f"{data['samples']:,}",
        "copies": data["copies"] - 1,
        "recipe": data["recipe"],
        "seeds": len(seeds),
        "sizes_table": table(("seed", *sizes[0]), [(seed, *one["sizes"].values()) for seed, one in seeds.items()]),
        "figures_table": figures_table(report["figures"], TITLES, COLUMNS),
        "one_threshold_table": figures_table(report["figures"], TITLES, ONE_THRESHOLD),
        "verdict": "\n".join(_verdict(differences, metric) for metric in ("cosine", "mls-llr")),
        "differences_table": _differences(differences, COLUMNS),
        "one_threshold_differences": _differences(differences, ONE_THRESHOLD),
        "shares_table": table(
            ("seed", *(f"share, {method}" for method in METHODS), "constants of MLS-LLR: frozen", *METHODS),
            [
                (
                    seed,
                    *(f"{one['constants'][f'share, {method}']['share']:g}" for method in METHODS),
                    *(_constants(one["constants"][f"mls-llr/{name}"]) for name in ("frozen", *METHODS)),
                )
                for seed, one in seeds.items()
            ],
        ),
        "settings_table": table(("setting", "value"), list(report["settings"].items())),
        "environment": ", ".join(f"{name} {version}" for name, version in report["environment"].items()),
        "minutes": report["minutes"],
    }


def _differences(differences: dict, columns: dict[str, str]) -> str:
    rows = [
        (f"{TITLES[one]}, less {TITLES[other]}", *cells(differences[f"{one} - {other}"], columns))
        for one, other in DIFFERENCES
    ]
    return table(("", *columns.values()), rows)


def _verdict(differences: dict, metric: str) -> str:
    found = differences[f"{metric}/uncertain - {metric}/plain"]["mixed.tar1e-3"]
    beyond = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "**not established**"
    name = TITLES[f"{metric}/uncertain"]
    return f"- {name}, less without: {text(found, signed=True)} points of TAR@1e-3 on mixed pairs: {beyond}."


def _constants(constants: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in constants.items())
