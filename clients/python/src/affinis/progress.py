"""Ends a stream on which nothing moves while answers are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Progress:
    """When something last moved on a stream, and how many answers are due."""

    def __init__(self, idle_ms: int) -> None:
        self.stalled = False
        self._idle_s = idle_ms / 1000
        self._due = 0
        self._moved_at = time.monotonic()
        self._lock = threading.Lock()

    def sent(self, items: int = 0) -> None:
        """A message went out that makes so many answers due."""
        with self._lock:
            self._due += items
            self._moved_at = time.monotonic()

    def answered(self) -> None:
        """An answer came in."""
        self.sent(-1)

    @contextmanager
    def watched(self, cancel: Callable[[], object]) -> Iterator[None]:
        """Within the block, calls `cancel` once nothing has moved for `idle_ms` although answers are due."""
        ended = threading.Event()
        threading.Thread(target=self._watch, args=(ended, cancel), name="affinis-progress", daemon=True).start()
        try:
            yield
        finally:
            ended.set()

    def _watch(self, ended: threading.Event, cancel: Callable[[], object]) -> None:
        wait_s = self._idle_s
        while not ended.wait(wait_s):
            with self._lock:
                left_s = self._moved_at + self._idle_s - time.monotonic()
                self.stalled = self._due > 0 and left_s <= 0
            if self.stalled:
                cancel()
                return
            wait_s = left_s if left_s > 0 else self._idle_s
