"""Degraded copies of texts, made by the server's own code, so that training and serving cannot drift apart."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from .sources import Pairs

SCRIPT = Path(__file__).with_name("degrade.mjs")


def degraded(texts: list[str], recipe: str, seed: int) -> list[str]:
    """A copy of each text. `recipe` as for `affinis evaluate --degrade`: mixed, typos, truncation:0.5, ..."""
    order = json.dumps({"recipe": recipe, "seed": seed, "texts": texts})
    result = subprocess.run(["node", str(SCRIPT)], input=order, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{SCRIPT.name} failed; were the packages built (npm ci && npx tsc -b)?\n{result.stderr}")
    return json.loads(result.stdout)


def degraded_pairs(pairs: Pairs, recipe: str, seed: int) -> Pairs:
    """Both sides degraded, each in its own way."""
    copies = degraded(pairs.left + pairs.right, recipe, seed)
    return Pairs(copies[: len(pairs)], copies[len(pairs) :], pairs.gold)
