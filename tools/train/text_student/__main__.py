"""Trains the text student and writes the model, its card and the report: `tools/train/run.sh text-student`."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import progress

from .distil import distil
from .export import onnx_model
from .publish import write_model, write_report
from .report import measured
from .settings import FULL, SMOKE, Settings
from .sources import REPOSITORY, Pairs, read_stsb, sentences, without
from .student import initial_student
from .teacher import Teacher
from .training_data import gather
from .vocabulary import student_vocabulary

MODEL_FOLDER = REPOSITORY / "models" / "text-student" / "2"
REPORT_FOLDER = REPOSITORY / "tools" / "train" / "reports"


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh text-student", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tiny run, under a minute; writes to a temporary folder")
    parser.add_argument("--output", type=Path, help="folder for the model and the report (default: the repository)")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            run(SMOKE, Path(folder), Path(folder))
    else:
        run(FULL, arguments.output or MODEL_FOLDER, arguments.output or REPORT_FOLDER)


def run(settings: Settings, model_folder: Path, report_folder: Path) -> dict:
    started = time.monotonic()
    torch.manual_seed(settings.seed)
    unseen = sentences(read_stsb("dev"))
    everything = read_stsb("train")
    disjoint = without(everything, unseen)
    train = _first(disjoint, settings.train_pairs)
    dev = _first(read_stsb("dev"), settings.dev_pairs)
    teacher = Teacher()
    vocabulary = student_vocabulary(teacher.tokens[: settings.teacher_tokens])
    data = gather(teacher, vocabulary, train, unseen, settings)
    student = initial_student(vocabulary, data.token_vectors, data.token_frequency, settings.dimension)
    distil(student, data.sentences, data.judged, settings)
    progress.step("export and measure")
    model = onnx_model(student)
    report = measured(model, vocabulary, teacher, train, dev, data.sizes, settings)
    report["sharedPairs"] = len(everything) - len(disjoint)
    report["minutes"] = round((time.monotonic() - started) / 60, 1)
    report["teacherMinutes"] = round(teacher.seconds / 60, 1)
    write_model(model_folder, model, vocabulary, report)
    write_report(report_folder, report)
    return report


def _first(pairs: Pairs, count: int | None) -> Pairs:
    return pairs if count is None else pairs.take(np.arange(min(count, len(pairs))))


if __name__ == "__main__":
    main()
