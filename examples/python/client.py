"""Says whether two files show, or hold the voice of, one person: python client.py --server HOST:PORT A B"""

import argparse
import pathlib
import sys

import grpc
from google.rpc import code_pb2

sys.path.insert(0, str(pathlib.Path(__file__).parent / "stubs"))
from affinis.v1 import chunk_pb2, sample_pb2, similarity_pb2, similarity_pb2_grpc  # noqa: E402

CHUNK_BYTES = 256 * 1024


def requests(pipeline, paths):
    """A stream's messages: a start, one item that announces its files, then their bytes in order."""
    yield similarity_pb2.VerifyStreamRequest(start=similarity_pb2.VerifyStart(pipeline=pipeline))
    files = [path.read_bytes() for path in paths]
    media = [sample_pb2.Media(chunked_bytes=len(file)) for file in files]
    left, right = (similarity_pb2.Side(samples=[sample_pb2.Sample(media=medium)]) for medium in media)
    yield similarity_pb2.VerifyStreamRequest(item=similarity_pb2.VerifyItem(id="pair", left=left, right=right))
    for medium, file in enumerate(files):
        for offset in range(0, len(file), CHUNK_BYTES):
            data = file[offset : offset + CHUNK_BYTES]
            chunk = chunk_pb2.Chunk(item_id="pair", medium=medium, offset=offset, data=data)
            yield similarity_pb2.VerifyStreamRequest(chunk=chunk)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT")
    parser.add_argument("--pipeline", default="", help="face, voice, ...; default: by the kind of the files")
    parser.add_argument("files", nargs=2, type=pathlib.Path, metavar="FILE")
    args = parser.parse_args()
    with grpc.insecure_channel(args.server) as channel:
        stub = similarity_pb2_grpc.SimilarityStub(channel)
        try:
            [response] = stub.VerifyStream(requests(args.pipeline, args.files), timeout=30)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    result = response.result
    if result.status.code:
        sys.exit(f"{code_pb2.Code.Name(result.status.code)}: {result.status.message}")
    answer = result.comparison
    decision = similarity_pb2.Decision.Name(answer.decision).removeprefix("DECISION_").lower()
    threshold = f", threshold {answer.threshold:.4f}" if answer.HasField("threshold") else ""
    who = f"{answer.pipeline.pipeline}: {answer.pipeline.model.name}, {answer.pipeline.metric.name}"
    print(f"{decision}: score {answer.score:.4f}{threshold} ({who})")


if __name__ == "__main__":
    main()
