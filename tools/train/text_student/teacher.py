"""The teacher, all-MiniLM-L6-v2: sentences to unit vectors float32[S, 384]."""

from __future__ import annotations

import hashlib
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn import functional

import progress

from . import sources
from .vocabulary import CLS, SEP, word_piece

LAYERS, HEADS, WIDTH = 6, 12, 384
EPSILON = 1e-12
MAX_TOKENS = 256
TOKENS_PER_BATCH = 4096
CACHE = Path(os.environ.get("AFFINIS_CACHE", Path.home() / ".cache" / "affinis")) / "text-student"


class Teacher:
    """MiniLM in bfloat16, as its model card runs it: mean over the tokens, scaled to norm 1."""

    def __init__(self) -> None:
        self._weights = {name: value.bfloat16() for name, value in load(sources.read_teacher_weights()).items()}
        self.tokens = sources.read_teacher_vocabulary()
        self._tokenizer = word_piece(self.tokens, ["[PAD]", "[UNK]", CLS, SEP, "[MASK]"])
        self.seconds = 0.0  # spent on vectors that were not on disk yet
        self._cls, self._sep = self.tokens.index(CLS), self.tokens.index(SEP)

    def embed(self, texts: list[str], what: str) -> np.ndarray:
        """float32[S, 384] of the texts; kept on disk, since it takes most of the time of a run."""
        encoded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return self.embed_ids([encoding.ids for encoding in encoded], what)

    def ids_of(self, tokens: list[str]) -> list[list[int]]:
        """Each token as a row by itself."""
        ids = {token: row for row, token in enumerate(self.tokens)}
        return [[ids[token]] for token in tokens]

    def embed_ids(self, rows: list[list[int]], what: str) -> np.ndarray:
        key = hashlib.sha256(repr(rows).encode()).hexdigest()[:24]
        cached = CACHE / f"teacher-{key}.npy"
        if not cached.exists():
            cached.parent.mkdir(parents=True, exist_ok=True)
            started = time.monotonic()
            partial = cached.with_suffix(f".{os.getpid()}.npy")
            np.save(partial, self._embed_all(rows, what).astype(np.float16))
            partial.replace(cached)
            self.seconds += time.monotonic() - started
        vectors = np.load(cached).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def _embed_all(self, rows: list[list[int]], what: str) -> np.ndarray:
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        vectors = np.empty((len(rows), WIDTH), np.float32)
        start = 0
        with progress.bar(f"teacher: {what}", len(rows)) as advance:
            while start < len(order):
                longest = min(len(rows[order[start]]), MAX_TOKENS - 2) + 2
                batch = order[start : start + max(1, TOKENS_PER_BATCH // longest)]
                vectors[batch] = self._embed_batch([rows[row] for row in batch])
                start += len(batch)
                advance(len(batch))
        return vectors

    @torch.inference_mode()
    def _embed_batch(self, rows: list[list[int]]) -> np.ndarray:
        framed = [[self._cls, *row[: MAX_TOKENS - 2], self._sep] for row in rows]
        longest = max(map(len, framed))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in framed])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in framed], dtype=torch.bool)
        hidden = self._encode(ids, mask).float()
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return functional.normalize(pooled).numpy()

    def _encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        weights = self._weights
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self._norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        bias = torch.zeros(mask.shape, dtype=x.dtype).masked_fill(~mask, -math.inf)[:, None, None]
        for layer in range(LAYERS):
            x = self._layer(x, bias, f"encoder.layer.{layer}")
        return x

    def _layer(self, x: Tensor, bias: Tensor, name: str) -> Tensor:
        rows, length, _ = x.shape
        query, key, value = (
            self._linear(x, f"{name}.attention.self.{part}").view(rows, length, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        attended = self._linear(mixed.transpose(1, 2).reshape(rows, length, WIDTH), f"{name}.attention.output.dense")
        x = self._norm(attended + x, f"{name}.attention.output.LayerNorm")
        inner = functional.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(self._linear(inner, f"{name}.output.dense") + x, f"{name}.output.LayerNorm")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(
            x, (WIDTH,), self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], EPSILON
        )
