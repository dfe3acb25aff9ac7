"""float32 values and their bytes on the wire, with NumPy where it is installed and without it where it is not."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from affinis.errors import AffinisError

try:
    import numpy
except ImportError:
    numpy = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import numpy.typing as npt

    #: float32 values. Without NumPy an `array.array("f")`, which is read by index and iterated in the same way.
    Vector = npt.NDArray[numpy.float32]

_FLOAT_BYTES = 4


def vector_of_bytes(data: bytes, field: str) -> Vector:
    """float32[len(data) / 4], little-endian. Raises `invalid-argument` under `field` for another length."""
    if len(data) % _FLOAT_BYTES:
        problem = f"[affinis] {field} is {len(data)} bytes, no multiple of 4; send float32 values"
        raise AffinisError("invalid-argument", problem, field=field, reason="BAD_EMBEDDING")
    if numpy is not None:
        return numpy.frombuffer(data, "<f4").astype(numpy.float32, copy=False)
    values = array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    return cast("Vector", values)


def bytes_of_vector(values: Iterable[float] | Vector) -> bytes:
    """The values as little-endian float32, 4 bytes each."""
    if numpy is not None:
        return numpy.asarray(values, "<f4").tobytes()
    packed = array("f", cast("Iterable[float]", values))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def is_numpy_array(value: Any) -> bool:
    """Whether it is an array of NumPy's."""
    return numpy is not None and isinstance(value, numpy.ndarray)
