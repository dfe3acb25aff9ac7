"""Reads tensors from a checkpoint in PyTorch's old (pre-1.6) format without PyTorch.

The file is five pickles (magic number, protocol, system, object, storage keys), then for each key
an int64 element count and the raw little-endian values. Only the classes a state needs are let
through, so that the pickles cannot run code.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
HEADER_PICKLES = 3


def read_checkpoint(content: bytes) -> Any:
    """The checkpoint's object, its tensors as numpy arrays (read-only)."""
    stream = io.BytesIO(content)
    reader = _Unpickler(stream)
    if reader.load() != MAGIC:
        raise ValueError("not a checkpoint in PyTorch's old format")
    storages: dict[str, np.ndarray] = {}
    for _ in range(HEADER_PICKLES - 1):
        _Unpickler(stream).load()
    found = _Unpickler(stream)
    result = found.load()
    for key in _Unpickler(stream).load():
        dtype, count = found.storages[key]
        stored = int.from_bytes(stream.read(8), "little")
        if stored != count:
            raise ValueError(f"storage {key} has {stored} elements, expected {count}")
        storages[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return _resolve(result, storages)


class _Tensor:
    def __init__(self, storage: str, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def array(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        values = storages[self.storage]
        strides = [step * values.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides, writeable=False)


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, tuple[np.dtype, int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: _Tensor(storage, offset, shape, stride)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return lambda tensor, *_: tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        raise ValueError(f"the checkpoint names {module}.{name}, which is not allowed")

    def persistent_load(self, identifier: tuple[Any, ...]) -> str:
        _, dtype, key, _, count, *_ = identifier
        self.storages[key] = (dtype, count)
        return key


def _resolve(value: Any, storages: dict[str, np.ndarray]) -> Any:
    if isinstance(value, _Tensor):
        return value.array(storages)
    if isinstance(value, dict):
        return {key: _resolve(item, storages) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_resolve(item, storages) for item in value)
    return value
