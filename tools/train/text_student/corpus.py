"""Sentences to distil on: those of STS-B train, variants of them, and WordNet's definitions and examples."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import numpy as np

from .sources import Pairs, read_wordnet
from .vocabulary import Vocabulary

EXAMPLE = re.compile(r'"([^"]{12,200})"')
WORD = re.compile(r"[A-Za-z]+")
NEIGHBOURS = 40


def wordnet_sentences(count: int, generator: random.Random) -> list[str]:
    """Half of them definitions, half examples of use and terms followed by their definition; no sentence twice."""
    definitions, others = [], []
    for text in read_wordnet().values():
        for term, definition, examples in glosses(text):
            definitions.append(definition)
            others.extend(examples or [f"{term}: {definition}"])
    half = count // 2
    chosen = [generator.sample(sentences, min(half, len(sentences))) for sentences in (definitions, others)]
    return list(dict.fromkeys(chosen[0] + chosen[1]))


def glosses(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """First term, definition and examples of every synset of a WordNet data file (format: wndb(5WN))."""
    for line in text.splitlines():
        if line.startswith(" ") or " | " not in line:
            continue
        fields, _, gloss = line.partition(" | ")
        term = fields.split(" ")[4].replace("_", " ")
        examples = EXAMPLE.findall(gloss)
        definition = gloss.partition('; "')[0].strip(" ;")
        yield term, definition, examples


def unique_sentences(pairs: Pairs) -> list[str]:
    return list(dict.fromkeys(pairs.left + pairs.right))


def variants(sentences: list[str], count: int, neighbours: dict[str, list[str]], generator: random.Random) -> list[str]:
    """Sentences with one or two words exchanged for words near in meaning, so that the teacher can say what each
    word is worth; a quarter of them take any word instead."""
    anything = list(neighbours)
    made: dict[str, None] = {}
    for _ in range(count):
        sentence = generator.choice(sentences)
        for _ in range(generator.choice((1, 1, 2))):
            places = [match for match in WORD.finditer(sentence) if match[0].lower() in neighbours]
            if not places:
                break
            place = generator.choice(places)
            choices = anything if generator.random() < 0.25 else neighbours[place[0].lower()]
            sentence = sentence[: place.start()] + generator.choice(choices) + sentence[place.end() :]
        made[sentence] = None
    return list(made)


def word_neighbours(vocabulary: Vocabulary, vectors: np.ndarray) -> dict[str, list[str]]:
    """The nearest whole words of every whole word by the teacher's vectors float32[V, 384] of single tokens."""
    rows = [
        row for row in range(vocabulary.first_word, vocabulary.first_piece) if WORD.fullmatch(vocabulary.tokens[row])
    ]
    words = [vocabulary.tokens[row] for row in rows]
    chosen = vectors[rows]
    found: dict[str, list[str]] = {}
    for start in range(0, len(rows), 1024):
        similarity = chosen[start : start + 1024] @ chosen.T
        nearest = np.argpartition(-similarity, NEIGHBOURS, axis=1)[:, : NEIGHBOURS + 1]
        for word, columns in zip(words[start : start + 1024], nearest):
            found[word] = [words[column] for column in columns if words[column] != word]
    return found
