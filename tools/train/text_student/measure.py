"""What the report says of a model, measured on the ONNX file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import onnxruntime
from scipy.stats import pearsonr, spearmanr

from .sources import Pairs
from .vocabulary import CLS, SEP, Vocabulary

DRAWS = 1_000


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float

    def text(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Embedder:
    """Runs the exported model as the server does: [CLS] and [SEP] around the tokens, padding behind them."""

    def __init__(self, model: bytes, vocabulary: Vocabulary, max_tokens: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = vocabulary.tokenizer()
        self._cls, self._sep = vocabulary.tokens.index(CLS), vocabulary.tokens.index(SEP)
        self._room = max_tokens - 2

    def ids(self, text: str) -> list[int]:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return [self._cls, *ids[: self._room], self._sep]

    def run(self, texts: list[str], padding: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings float32[S, D] and features float32[S, F] in one run, with `padding` columns more than needed."""
        rows = [self.ids(text) for text in texts]
        longest = max(map(len, rows)) + padding
        ids = np.zeros((len(rows), longest), np.int64)
        mask = np.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            mask[at, : len(row)] = 1
        return tuple(self._session.run(["embedding", "features"], {"input_ids": ids, "attention_mask": mask}))

    def run_all(self, texts: list[str], batch: int = 64) -> tuple[np.ndarray, np.ndarray]:
        runs = [self.run(texts[at : at + batch]) for at in range(0, len(texts), batch)]
        return tuple(np.concatenate(parts) for parts in zip(*runs))

    def cosines(self, pairs: Pairs) -> np.ndarray:
        return (self.run_all(pairs.left)[0] * self.run_all(pairs.right)[0]).sum(1)


def correlations(scores: np.ndarray, gold: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """Spearman and Pearson, each with a 95 % interval from a bootstrap over pairs."""
    return {
        "spearman": _with_interval(lambda rows: spearmanr(scores[rows], gold[rows]).statistic, len(gold), seed),
        "pearson": _with_interval(lambda rows: pearsonr(scores[rows], gold[rows]).statistic, len(gold), seed),
    }


def operating_point(scores: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """Cosine at which as many pairs of gold >= 4 are missed as pairs of gold <= 2 are accepted, and that rate."""
    same, different = scores[gold >= 4], scores[gold <= 2]
    thresholds = np.sort(np.concatenate([same, different]))
    missed = np.searchsorted(np.sort(same), thresholds) / len(same)
    accepted = 1 - np.searchsorted(np.sort(different), thresholds) / len(different)
    best = int(np.argmin(np.abs(missed - accepted)))
    return {
        "cosine": float(thresholds[best]),
        "equalErrorRate": float((missed[best] + accepted[best]) / 2),
        "same": len(same),
        "different": len(different),
    }


def milliseconds(run: Callable[[], object], repeats: int = 200) -> float:
    """Median of single runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    return float(np.median(times))


def _with_interval(statistic: Callable[[np.ndarray], float], size: int, seed: int) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    draws = [statistic(generator.integers(size, size=size)) for _ in range(DRAWS)]
    low, high = np.quantile(draws, (0.025, 0.975))
    return asdict(Figure(float(statistic(np.arange(size))), float(low), float(high)))
