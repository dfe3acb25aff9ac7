"""Compares uncertainty heads by what they were trained for, and writes the report: `tools/train/run.sh heads`."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

import progress

from .bootstrap import Judged
from .compare import compare
from .report import report_of, write_report
from .settings import FULL, SMOKE, WIDE, Settings
from .synthetic import synthetic
from .tensors import Tensors, read_tensors

REPORT_FOLDER = Path(__file__).parents[1] / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh heads", description=__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--data", type=Path, help="folder that affinis export-tensors wrote")
    given.add_argument("--smoke", action="store_true", help="made-up data, seconds; writes to a temporary folder")
    parser.add_argument("--wide", action="store_true", help="PFE and regression on a wider grid; writes heads-wide.*")
    parser.add_argument("--output", type=Path, help="folder for the report (default: the repository's)")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            run(SMOKE, synthetic(), arguments.output or Path(folder))
        return
    try:
        data = read_tensors(arguments.data)
    except (ValueError, FileNotFoundError) as problem:
        parser.error(f"--data: {problem}")
    settings, name = (WIDE, "heads-wide") if arguments.wide else (FULL, "heads")
    run(settings, data, arguments.output or REPORT_FOLDER, name)


def run(settings: Settings, data: Tensors, folder: Path, name: str = "heads") -> dict:
    started = time.monotonic()
    compared = []
    for seed in settings.seeds:
        progress.step(f"seed {seed}")
        compared.append(compare(data, settings, seed))
    judged = Judged(compared, int(data.subjects.max()) + 1, settings.draws)
    report = report_of(data, settings, compared, judged)
    report["minutes"] = round((time.monotonic() - started) / 60, 1)
    write_report(folder, report, name)
    return report


if __name__ == "__main__":
    main()
