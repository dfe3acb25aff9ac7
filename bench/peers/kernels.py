"""The peers of `npm run bench -- kernels`: kernels.py FOLDER ROWS DIMENSION THREADS.

Reads little-endian float32 means.bin, variances.bin [ROWS, DIMENSION] and query.bin [2, DIMENSION], then answers each
line of standard input, a peer's name, with the milliseconds that one pass of it took.
"""

import sys
import threading
import time
from pathlib import Path

import faiss
import numpy as np
import torch

BLOCK = 256


def main() -> None:
    folder, rows, dimension, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    faiss.omp_set_num_threads(threads)
    torch.set_num_threads(threads)
    means = np.fromfile(folder / "means.bin", "<f4").reshape(rows, dimension)
    variances = np.fromfile(folder / "variances.bin", "<f4").reshape(rows, dimension)
    query, query_variance = np.fromfile(folder / "query.bin", "<f4").reshape(2, dimension)
    index = faiss.IndexFlatIP(dimension)
    index.add(means)
    torch_means, torch_variances = torch.from_numpy(means), torch.from_numpy(variances)
    torch_query, torch_query_variance = torch.from_numpy(query), torch.from_numpy(query_variance)
    scores = np.empty(rows, np.float32)

    def blocks(worker: int = 0, workers: int = 1):
        for start in range(worker * BLOCK, rows, workers * BLOCK):
            yield slice(start, min(start + BLOCK, rows))

    def numpy_part(worker: int, workers: int) -> None:
        """MLS as NumPy does it best: in blocks that stay in the cache, without new arrays."""
        s = np.empty((BLOCK, dimension), np.float32)
        d = np.empty((BLOCK, dimension), np.float32)
        for block in blocks(worker, workers):
            n = block.stop - block.start
            np.add(variances[block], query_variance, out=s[:n])
            np.subtract(means[block], query, out=d[:n])
            np.multiply(d[:n], d[:n], out=d[:n])
            np.divide(d[:n], s[:n], out=d[:n])
            np.log(s[:n], out=s[:n])
            np.add(d[:n], s[:n], out=d[:n])
            np.sum(d[:n], axis=1, out=scores[block])

    def numpy_mls() -> None:
        run_in_threads(numpy_part)
        np.multiply(scores, -0.5, out=scores)
        np.argpartition(scores, -10)[-10:]

    def pfe() -> None:
        """The formula of the authors' repository (seasonSH/Probabilistic-Face-Embeddings, utils/utils.py), as written."""
        sigma_sq = query_variance + variances
        result = -np.sum(np.square(query - means) / sigma_sq + np.log(sigma_sq), axis=1)
        np.argpartition(result, -10)[-10:]

    def torch_mls() -> None:
        with torch.inference_mode():
            parts = []
            for block in blocks():
                s = torch_variances[block] + torch_query_variance
                d = torch_means[block] - torch_query
                parts.append(-0.5 * (d * d / s + torch.log(s)).sum(1))
            torch.topk(torch.cat(parts), 10)

    def read_part(worker: int, workers: int) -> None:
        part = rows // workers
        for block in range(0, part, 4096):
            start = worker * part + block
            variances[start : min(start + 4096, (worker + 1) * part)].view(np.int64).sum()

    def run_in_threads(work) -> None:
        if threads == 1:
            return work(0, 1)
        others = [threading.Thread(target=work, args=(worker, threads)) for worker in range(threads)]
        for other in others:
            other.start()
        for other in others:
            other.join()

    peers = {
        "faiss": lambda: index.search(query[None], 10),
        "numpy": numpy_mls,
        "pfe": pfe,
        "torch": torch_mls,
        "read": lambda: run_in_threads(read_part),
    }
    print("ready", faiss.__version__, np.__version__, torch.__version__, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        peers[line.strip()]()
        print((time.perf_counter() - started) * 1000, flush=True)


main()
