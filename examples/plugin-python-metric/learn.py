"""Learns a Mahalanobis metric from labelled embeddings: python learn.py DATA factor.npz

DATA is a folder that `affinis export-tensors` wrote. The method is local Fisher discriminant analysis (Sugiyama 2007),
of metric-learn; its other learners are used in the same way.
"""

import argparse
import json
import pathlib

import numpy as np
from metric_learn import LFDA


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--dimensions", type=int, help="rows of the factor; default: as many as there are columns")
    args = parser.parse_args()

    meta = json.loads((args.data / "meta.json").read_text())
    embeddings = np.load(args.data / "embeddings.npy")
    subjects = np.broadcast_to(np.load(args.data / "subjects.npy"), embeddings.shape[:2])
    failures = args.data / "failed.npy"
    good = np.load(failures) == 0 if failures.exists() else np.full(subjects.shape, True)
    points, labels = embeddings[good].astype(np.float64), subjects[good]

    learner = LFDA(n_components=args.dimensions).fit(points, labels)
    np.savez(args.output, factor=learner.components_, space=meta["space"])
    print(f"{args.output}: {len(points)} embeddings of {len(set(labels))} subjects in space {meta['space']}")


if __name__ == "__main__":
    main()
