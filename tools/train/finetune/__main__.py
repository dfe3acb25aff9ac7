"""Fine-tunes the last stage of a face model on degraded copies, with and without uncertainty in the loss, and writes
the report: `tools/train/run.sh finetune`."""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch

import progress
from heads.bootstrap import Judged
from heads.tensors import Tensors, read_inputs, read_tensors

from .compare import compare
from .report import report_of, write_report
from .settings import FULL, SMOKE, Settings
from .stage import Stage, open_stage
from .synthetic import synthetic_inputs, synthetic_model

REPORT_FOLDER = Path(__file__).parents[1] / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh finetune", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that affinis export-tensors --inputs wrote")
    parser.add_argument("--model", type=Path, help="the model's ONNX file, whose sha256 is the one in --data")
    parser.add_argument("--after", default="_plus5", help="tensor that the stage begins behind (default: %(default)s)")
    parser.add_argument("--embedding", default="fc5_bn", help="output that is the embedding (default: %(default)s)")
    parser.add_argument("--features", default="features", help="output that is the features (default: %(default)s)")
    parser.add_argument("--smoke", action="store_true", help="made-up data, seconds; writes to a temporary folder")
    parser.add_argument("--output", type=Path, help="folder for the report (default: the repository's)")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.smoke:
        data, inputs = synthetic_inputs()
        stage = open_stage(synthetic_model(), "middle", ("embedding", "features"), inputs, arguments.threads)
        with tempfile.TemporaryDirectory() as folder:
            run(SMOKE, with_stage(data, stage), stage, arguments.output or Path(folder))
        return
    if arguments.data is None or arguments.model is None:
        parser.error("give --data and --model, or --smoke")
    try:
        data = read_tensors(arguments.data)
        inputs = read_inputs(arguments.data, arguments.model, data)
        outputs = arguments.embedding, arguments.features
        stage = open_stage(onnx.load(arguments.model), arguments.after, outputs, inputs, arguments.threads)
        check_stage(data, stage)
    except (ValueError, FileNotFoundError) as problem:
        parser.error(str(problem))
    run(FULL, data, stage, arguments.output or REPORT_FOLDER)


def run(settings: Settings, data: Tensors, stage: Stage, folder: Path) -> dict:
    started = time.monotonic()
    compared = []
    for seed in settings.heads.seeds:
        progress.step(f"seed {seed}")
        compared.append(compare(data, stage, settings, seed))
    judged = Judged(compared, int(data.subjects.max()) + 1, settings.heads.draws)
    report = report_of(data, stage, settings, compared, judged)
    report["minutes"] = round((time.monotonic() - started) / 60, 1)
    write_report(folder, report)
    return report


def with_stage(data: Tensors, stage: Stage) -> Tensors:
    """With what the stage makes of the inputs."""
    embeddings, features = stage.embed(stage.create(), np.flatnonzero(data.usable), "as it is")
    return replace(data, embeddings=embeddings, features=features)


def check_stage(data: Tensors, stage: Stage) -> None:
    """Raises ValueError where the stage in PyTorch does not give what the server gave."""
    rows = np.flatnonzero(data.usable)[:: max(1, len(data.usable) // 500)]
    embeddings, features = stage.embed(stage.create(), rows, "check")
    for name, own, served in (("embedding", embeddings, data.embeddings), ("features", features, data.features)):
        apart = np.abs(own[rows] - served[rows]).max()
        if not apart < 1e-3:
            raise ValueError(f"--{name}: the stage is {apart:.2g} from what was served; name the right output")


if __name__ == "__main__":
    main()
