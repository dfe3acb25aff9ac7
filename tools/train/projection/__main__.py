"""Learns a projection and writes it as a model, or compares the methods: `tools/train/run.sh projection`."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from reporting import json_bytes, write_whole

from .compare import compare, figures_table
from .methods import METHODS, fit
from .pixels import publish_pixels
from .publish import publish
from .synthetic import synthetic
from .tensors import Labelled, read_labelled

REPORT_FOLDER = Path(__file__).parents[1] / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh projection", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that affinis export-tensors wrote")
    parser.add_argument("--method", choices=METHODS, help="learn this one and write it")
    parser.add_argument("--compare", action="store_true", help="all methods on subjects split in halves; writes a report")
    parser.add_argument("--pixels", type=int, metavar="SIDE", help="write an embedder that is a picture's own pixels")
    parser.add_argument("--smoke", action="store_true", help="both on made-up data, seconds, in a temporary folder")
    parser.add_argument("--dimension", type=int, action="append", help="axes that are kept at most; repeat to compare (64)")
    parser.add_argument("--components", type=int, help="principal components before lda, nca, itml (as --dimension)")
    parser.add_argument("--name", help="of the model (with --method), or of the report")
    parser.add_argument("--version", default="1")
    parser.add_argument("--normalise", choices=("l2", "none"), default="l2", help="what comes out is scaled to norm 1")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of models that it goes into")
    parser.add_argument("--report", type=Path, default=REPORT_FOLDER, help="folder of the report")
    parser.add_argument("--seeds", type=int, default=5, help="splits of the subjects that are compared on")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            smoke(Path(folder))
        return
    if arguments.pixels:
        print(f"written: {publish_pixels(arguments.models, arguments.pixels)}")
        return
    if not arguments.data or not arguments.name or arguments.compare == (arguments.method is not None):
        parser.error("give --data, --name, and either --method or --compare")
    dimensions = arguments.dimension or [64]
    try:
        data = read_labelled(arguments.data)
        if arguments.compare:
            print(run(data, dimensions, range(1, arguments.seeds + 1), arguments.report, arguments.name))
            return
        if len(dimensions) > 1:
            parser.error("--dimension: one, with --method")
        projection = fit(arguments.method, data.embeddings, data.subjects, dimensions[0], arguments.seed, arguments.components)
        target = publish(
            arguments.models,
            projection,
            name=arguments.name,
            version=arguments.version,
            method=arguments.method,
            normalise=arguments.normalise,
            meta=data.meta,
        )
    except (ValueError, OSError) as problem:
        parser.error(str(problem))
    print(f"written: {target}")
    print(f"use it: embedders: {{ mine: {{ model: {data.meta['model']}, projection: {arguments.name} }} }}")


def run(data: Labelled, dimensions: list[int], seeds: range, folder: Path, name: str) -> str:
    started = time.monotonic()
    report = compare(data, dimensions, seeds)
    report |= {"minutes": round((time.monotonic() - started) / 60, 1), "labels": data.meta["labels"]}
    report |= {"model": data.meta["model"], "space": data.meta["space"]}
    first = report["parts"][0]
    text = f"""# Projections of {report["model"]}, {name}

Made by `tools/train/run.sh projection --compare`, {len(seeds)} splits of the subjects into halves: learned on one
(of the first split {first["train"]["subjects"]} subjects, {first["train"]["samples"]} samples), judged on the other
({first["test"]["subjects"]}, {first["test"]["samples"]}), whose subjects it never saw. Cosine after the projection, all
pairs, percent; in brackets the difference from raw on the same split, mean ± standard deviation over splits. `centred`
takes the mean of the first half away and nothing else.

{figures_table(report)}
"""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"projection-{name}.json", json_bytes(report))
    write_whole(folder / f"projection-{name}.md", text.encode())
    return figures_table(report)


def smoke(folder: Path) -> None:
    data = synthetic()
    print(run(data, [4], range(1, 3), folder, "smoke"))
    for method in METHODS:
        projection = fit(method, data.embeddings, data.subjects, 4, 1)
        publish(folder, projection, name=method, version="1", method=method, normalise="l2", meta=data.meta)


if __name__ == "__main__":
    main()
