"""Progress on standard error: one line that is rewritten on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TERMINAL_INTERVAL_S = 0.2
LOG_INTERVAL_S = 15.0


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[..., None]]:
    """Yields `advance(count, note)`; says how much is done, and how long the rest will take."""
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    interval = TERMINAL_INTERVAL_S if terminal else LOG_INTERVAL_S
    state = {"done": 0, "shown": started}

    def advance(count: int, note: str = "") -> None:
        state["done"] += count
        now = time.monotonic()
        finished = state["done"] >= total
        if now - state["shown"] < interval and not finished:
            return
        state["shown"] = now
        elapsed = now - started
        left = elapsed / state["done"] * (total - state["done"])
        line = f"{what} {state['done']}/{total} {elapsed:.0f} s, {left:.0f} s left {note}"
        print(
            f"\r{line}\x1b[K" if terminal else line,
            end="" if terminal and not finished else "\n",
            file=sys.stderr,
            flush=True,
        )

    yield advance


def step(what: str) -> None:
    print(f"== {what}", file=sys.stderr, flush=True)
