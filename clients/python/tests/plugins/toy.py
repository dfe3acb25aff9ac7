"""A plugin for the tests, with everything that can go wrong in one."""

import sys
import threading
import time
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt

from affinis.plugin import (
    Block,
    Embedder,
    Gaussian,
    InvalidOption,
    InvalidSample,
    Media,
    Metric,
    Options,
    Pcm,
    Tensor,
    file,
    option,
    secret,
    serve,
)


class Histogram(Embedder[Media]):
    """How often each byte occurs."""

    id = "histogram"
    version = "1"
    licence = "MIT"
    modality = "file"
    dimension = 256

    def embed(self, sample: Media) -> npt.NDArray[np.intp]:
        return np.bincount(np.frombuffer(sample.data, np.uint8), minlength=256)


class LettersOptions(Options):
    scale: Annotated[float, option("Factor of every count", ge=0.1, le=10)] = 1.0
    alphabet: Annotated[str, option("Letters that are counted")] = "abcdefgh"
    threads: Annotated[int, option("Threads", ge=1, moves_space=False)] = 1
    key: Annotated[str, secret("Key of a service")] = ""
    words: Annotated[str | None, file("More letters")] = None


class Letters(Embedder[str, LettersOptions]):
    """How often each letter occurs, with a variance that falls with the length."""

    id = "letters"
    version = "2"
    licence = "MIT"
    modality = "text"
    unit_norm = True
    uncertainty = "diagonal"

    def __init__(self, options: LettersOptions) -> None:
        super().__init__(options)
        if not options.alphabet:
            raise InvalidOption("alphabet", "is empty; give at least one letter")
        self.dimension = len(options.alphabet)

    def embed_batch(self, samples: Sequence[str]) -> list[Gaussian]:
        return [self._embed(sample) for sample in samples]

    def _embed(self, text: str) -> Gaussian:
        print("a stray print", text)
        counts = np.array([text.count(letter) for letter in self.options.alphabet]) * self.options.scale
        if text == "!":
            raise InvalidSample("holds no letter; send a word")
        return Gaussian(counts, np.full(self.dimension, 1 / (1 + len(text))))


class Odd(Embedder[Pcm | Tensor | str]):
    """Does what an embedder must not."""

    id = "odd"
    version = "1"
    licence = "MIT"
    modality = "odd"
    dimension = 2
    parallel = True

    def embed(self, sample: Pcm | Tensor | str) -> npt.ArrayLike:
        if isinstance(sample, Pcm):
            return [sample.samples.size, sample.sample_rate_hz]
        if isinstance(sample, Tensor):
            return [1, sample.array.sum()]
        if sample == "wait":
            time.sleep(0.3)
        if sample == "hang":
            time.sleep(60)
        if sample == "crash":
            raise RuntimeError(f"the secret {sample}")
        if sample == "exit":
            sys.exit(3)
        values = {"nan": [np.nan, 1.0], "huge": [1e300, 1.0], "zero": [0.0, 0.0], "short": [1.0]}
        return values.get(sample, [len(sample), 1])


class Slow(Embedder[str]):
    """Is used by one call at a time, or says so."""

    id = "slow"
    version = "1"
    licence = "MIT"
    modality = "text"
    dimension = 2

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._inside = threading.Lock()

    def embed(self, sample: str) -> list[int]:
        if not self._inside.acquire(blocking=False):
            raise RuntimeError("two at once")
        try:
            time.sleep(0.01)
            return [len(sample), 1]
        finally:
            self._inside.release()


class Manhattan(Metric):
    """Sum of absolute differences."""

    id = "manhattan"
    unit = "distance, 0.."
    polarity = "distance"

    def score(self, left: Gaussian, right: Gaussian) -> float:
        return float(np.abs(left.mean - right.mean).sum())


class OverlapOptions(Options):
    factor: float


class Overlap(Metric[OverlapOptions]):
    """Inner product over the summed variances."""

    id = "overlap"
    unit = "1"
    polarity = "similarity"
    needs_variance = True

    def score_block(self, queries: Block, references: Block) -> npt.NDArray[np.float64]:
        assert queries.variances is not None
        assert references.variances is not None
        spread = queries.variances.sum(axis=1)[:, np.newaxis] + references.variances.sum(axis=1)
        scores: npt.NDArray[np.float64] = queries.means @ references.means.T / spread
        return self.options.factor * scores


class Infinite(Metric):
    """Is never finite."""

    id = "infinite"
    unit = "1"
    polarity = "similarity"

    def score(self, left: Gaussian, right: Gaussian) -> float:
        return float("inf")


serve(Histogram, Letters, Odd, Slow, Manhattan, Overlap, Infinite, name="toy", version="7")
