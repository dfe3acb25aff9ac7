"""Bytes of a message as arrays, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from affinis.errors import AffinisError


def invalid(problem: str, field: str, reason: str) -> AffinisError:
    """A sample or an embedding that cannot be used, and why."""
    return AffinisError("invalid-argument", f"{field} {problem}", field=field, reason=reason)


def array_of_bytes(data: bytes, dtype: str, field: str) -> npt.NDArray[Any]:
    """Not copied, so read-only."""
    size = np.dtype(dtype).itemsize
    if len(data) % size:
        raise invalid(f"is {len(data)} bytes, no multiple of {size}", field, "BAD_SAMPLE")
    return np.frombuffer(data, dtype)
