"""Puts together what the student learns from: sentences with the teacher's vectors, and judged pairs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer

import progress

from . import corpus
from .degraded import degraded
from .distil import Judged, Sentences, padded
from .settings import Settings
from .sources import Pairs, words
from .teacher import Teacher
from .vocabulary import SPECIAL, Vocabulary


@dataclass(frozen=True)
class TrainingData:
    sentences: Sentences
    judged: Judged
    token_vectors: np.ndarray  # float32[V, 384]: the teacher's, of every token by itself
    token_frequency: np.ndarray  # float64[V]
    sizes: dict[str, int]


@dataclass
class _Collected:
    tokenizer: Tokenizer
    rows: list[list[int]] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, texts: list[str], vectors: np.ndarray) -> None:
        self.rows += encode(self.tokenizer, texts)
        self.vectors.append(vectors)
        self.sizes[name] = self.sizes.get(name, 0) + len(texts)


def gather(
    teacher: Teacher, vocabulary: Vocabulary, train: Pairs, unseen: frozenset[str], settings: Settings
) -> TrainingData:
    """`train` has no sentence of `unseen`; none is made or taken from elsewhere either."""
    generator = random.Random(settings.seed)
    token_vectors = teacher.embed_ids(teacher.ids_of(vocabulary.tokens), "tokens")
    progress.step("nearest words")
    neighbours = corpus.word_neighbours(vocabulary, token_vectors)
    texts = {"STS-B train": corpus.unique_sentences(train)}
    texts["variants of STS-B train"] = corpus.variants(texts["STS-B train"], settings.variants, neighbours, generator)
    texts["WordNet"] = corpus.wordnet_sentences(settings.wordnet_sentences, generator)
    texts = {name: [text for text in texts[name] if words(text) not in unseen] for name in texts}

    collected = _Collected(vocabulary.tokenizer())
    vectors = {name: teacher.embed(sentences, name) for name, sentences in texts.items()}
    for name, sentences in texts.items():
        collected.add(name, sentences, vectors[name])
    for _ in range(settings.typo_copies):
        for name in ("STS-B train", "WordNet"):
            chosen = generator.sample(range(len(texts[name])), min(settings.typo_limit, len(texts[name])))
            # What a typo hides is still meant: copies are to land where the teacher puts the clean sentence.
            seed = generator.randrange(2**31)
            copies = degraded([texts[name][row] for row in chosen], "typos", seed)
            collected.add("copies with typos", copies, vectors[name][chosen])
    collected.rows += [[token] for token in range(len(SPECIAL), len(vocabulary))]
    collected.vectors.append(token_vectors[len(SPECIAL) :])
    collected.sizes["single tokens"] = len(vocabulary) - len(SPECIAL)

    occurrences = np.bincount(np.concatenate([np.array(row, int) for row in collected.rows]), minlength=len(vocabulary))
    sentences = Sentences(padded(collected.rows, settings.longest), torch.from_numpy(np.concatenate(collected.vectors)))
    by_text = dict(zip(texts["STS-B train"], vectors["STS-B train"]))
    judged = judge(train, by_text, collected.tokenizer, settings)
    return TrainingData(sentences, judged, token_vectors, occurrences / occurrences.sum(), collected.sizes)


def judge(train: Pairs, by_text: dict[str, np.ndarray], tokenizer: Tokenizer, settings: Settings) -> Judged:
    """The similarity to learn: mostly people's, the rest the teacher's, which is less noisy on a single pair."""
    cosines = np.array([by_text[left] @ by_text[right] for left, right in zip(train.left, train.right)])
    target = settings.gold_share * train.gold / 5 + (1 - settings.gold_share) * cosines
    sides = [padded(encode(tokenizer, side), settings.longest) for side in (train.left, train.right)]
    return Judged(sides[0], sides[1], torch.from_numpy(target.astype(np.float32)))


def encode(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
