"""Every method against the raw embedding, on subjects that it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import progress
from reporting import table

from .judge import FIGURES, judge
from .methods import METHODS, fit
from .tensors import Labelled, split


def compare(data: Labelled, dimensions: Sequence[int], seeds: Sequence[int], methods: Sequence[str] = METHODS) -> dict:
    """Splits subjects in halves by each seed, learns on one and judges on the other. Shares, a list over seeds."""
    figures: dict[str, dict[str, list[float]]] = {}
    parts = []

    def add(name: str, judged: dict[str, float]) -> None:
        for figure, value in judged.items():
            figures.setdefault(name, {}).setdefault(figure, []).append(value)

    for seed in seeds:
        train, test = split(data, seed)
        parts.append({"train": _sizes(train), "test": _sizes(test)})
        add("raw", judge(test.embeddings, test.subjects))
        mean = train.embeddings.mean(0)
        add("centred", judge(test.embeddings - mean, test.subjects))
        for dimension in dimensions:
            for method in methods:
                progress.step(f"seed {seed}, {method}, {dimension}")
                projection = fit(method, train.embeddings, train.subjects, dimension, seed)
                add(f"{method} {dimension}", judge(projection.apply(test.embeddings), test.subjects))
    return {"figures": figures, "parts": parts, "seeds": list(seeds), "dimension": data.embeddings.shape[1]}


def figures_table(report: dict) -> str:
    """Means over the splits in percent, and the paired difference from raw with its standard deviation over splits."""
    raw = report["figures"]["raw"]

    def cell(name: str, figure: str) -> str:
        values = 100 * np.array(report["figures"][name][figure])
        if name == "raw":
            return f"{values.mean():.2f}"
        difference = values - 100 * np.array(raw[figure])
        return f"{values.mean():.2f} ({difference.mean():+.2f} ± {difference.std(ddof=1) if len(difference) > 1 else 0:.2f})"

    return table(
        ("projection", *FIGURES),
        [(name, *(cell(name, figure) for figure in FIGURES)) for name in report["figures"]],
    )


def _sizes(data: Labelled) -> dict[str, int]:
    return {"subjects": int(len(np.unique(data.subjects))), "samples": int(len(data.subjects))}
