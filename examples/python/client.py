"""Says whether two files show, or hold the voice of, one person: python client.py --server HOST:PORT A B"""

import argparse
import pathlib
import sys

from affinis import AffinisError, Client


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT")
    parser.add_argument("--pipeline", default="", help="face, voice, ...; default: by the kind of the files")
    parser.add_argument("files", nargs=2, type=pathlib.Path, metavar="FILE")
    args = parser.parse_args()
    left, right = args.files
    try:
        with Client(args.server, deadline_ms=30_000) as client:
            [result] = client.verify([(left, right)], pipeline=args.pipeline)
        answer = result.unwrap()
    except AffinisError as error:
        sys.exit(f"{error.code}: {error}")
    threshold = "" if answer.threshold is None else f", threshold {answer.threshold:.4f}"
    who = f"{answer.pipeline.pipeline}: {answer.pipeline.model.name}, {answer.pipeline.metric.name}"
    print(f"{answer.decision}: score {answer.score:.4f}{threshold} ({who})")


if __name__ == "__main__":
    main()
