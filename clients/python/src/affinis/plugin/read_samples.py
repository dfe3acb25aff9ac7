"""Samples that a plugin is sent, read and checked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from affinis.plugin.wire import array_of_bytes, invalid
from affinis.samples import Media, Pcm, RawSample, Tensor
from affinis.v1 import sample_pb2

_MOST_TENSOR_DIMENSIONS = 8
_DTYPES = {
    sample_pb2.DATA_TYPE_FLOAT32: "<f4",
    sample_pb2.DATA_TYPE_UINT8: "u1",
    sample_pb2.DATA_TYPE_INT32: "<i4",
    sample_pb2.DATA_TYPE_INT64: "<i8",
}


def read_sample(message: sample_pb2.Sample) -> RawSample:
    """Raises `invalid-argument`, with a field relative to the item, for what is no raw sample."""
    kind = message.WhichOneof("content")
    if kind == "media":
        return _read_media(message.media)
    if kind == "pcm":
        return _read_pcm(message.pcm)
    if kind == "tensor":
        return _read_tensor(message.tensor)
    if kind == "text":
        if not message.text.strip():
            raise invalid("is empty; send text", "sample.text", "EMPTY")
        return message.text
    if kind == "embedding":
        raise invalid("is an embedding already; send it to Score", "sample", "ALREADY_EMBEDDED")
    raise invalid("is empty; send media, pcm, text or a tensor", "sample", "EMPTY")


def _read_media(media: sample_pb2.Media) -> Media:
    _refuse_chunked(media.chunked_bytes, "sample.media")
    if not media.data:
        raise invalid("is empty; send the whole file", "sample.media.data", "EMPTY")
    if len(media.landmarks) not in (0, 5):
        problem = f"has {len(media.landmarks)} points; send five or none"
        raise invalid(problem, "sample.media.landmarks", "BAD_SAMPLE")
    points = [(point.x, point.y) for point in media.landmarks]
    if not all(math.isfinite(each) for point in points for each in point):
        raise invalid("holds NaN or infinity", "sample.media.landmarks", "BAD_SAMPLE")
    return Media(data=media.data, media_type=media.media_type, landmarks=points)


def _read_pcm(pcm: sample_pb2.Pcm) -> Pcm:
    _refuse_chunked(pcm.chunked_bytes, "sample.pcm")
    channels = pcm.channels or 1
    if not 8000 <= pcm.sample_rate_hz <= 192_000:
        problem = f"is {pcm.sample_rate_hz}, outside 8000 to 192000"
        raise invalid(problem, "sample.pcm.sample_rate_hz", "BAD_SAMPLE")
    if channels > 8:
        raise invalid(f"is {channels}; the most is 8", "sample.pcm.channels", "BAD_SAMPLE")
    samples = _pcm_values(pcm)
    if len(samples) == 0:
        raise invalid("is empty", "sample.pcm.samples", "EMPTY")
    if len(samples) % channels:
        problem = f"holds {len(samples)} values, no multiple of {channels} channels"
        raise invalid(problem, "sample.pcm.samples", "BAD_SAMPLE")
    if not np.isfinite(samples).all():
        raise invalid("holds NaN or infinity", "sample.pcm.samples", "BAD_SAMPLE")
    return Pcm(samples=samples, sample_rate_hz=pcm.sample_rate_hz, channels=channels)


def _pcm_values(pcm: sample_pb2.Pcm) -> npt.NDArray[Any]:
    if pcm.encoding == sample_pb2.PCM_ENCODING_INT16:
        values: npt.NDArray[np.float32] = array_of_bytes(pcm.samples, "<i2", "sample.pcm.samples").astype(np.float32)
        return values / 32768
    if pcm.encoding in (sample_pb2.PCM_ENCODING_UNSPECIFIED, sample_pb2.PCM_ENCODING_FLOAT32):
        return array_of_bytes(pcm.samples, "<f4", "sample.pcm.samples")
    raise invalid("is unknown", "sample.pcm.encoding", "BAD_SAMPLE")


def _read_tensor(tensor: sample_pb2.Tensor) -> Tensor:
    _refuse_chunked(tensor.chunked_bytes, "sample.tensor")
    shape = tuple(tensor.shape)
    if not 1 <= len(shape) <= _MOST_TENSOR_DIMENSIONS or 0 in shape:
        problem = f"is of {len(shape)} dimensions, or holds a 0; send 1 to {_MOST_TENSOR_DIMENSIONS} above zero"
        raise invalid(problem, "sample.tensor.shape", "BAD_SAMPLE")
    dtype = _DTYPES.get(tensor.data_type)
    if dtype is None:
        raise invalid("is missing or unknown", "sample.tensor.data_type", "BAD_SAMPLE")
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if len(tensor.data) != expected:
        problem = f"is {len(tensor.data)} bytes where the shape has {expected}"
        raise invalid(problem, "sample.tensor.data", "BAD_SAMPLE")
    values = np.frombuffer(tensor.data, dtype)
    if not np.isfinite(values).all():
        raise invalid("holds NaN or infinity", "sample.tensor.data", "BAD_SAMPLE")
    return Tensor(values.reshape(shape))


def _refuse_chunked(chunked_bytes: int, field: str) -> None:
    if chunked_bytes:
        problem = "is above zero, but only a stream carries chunks"
        raise invalid(problem, f"{field}.chunked_bytes", "CHUNKS_WITHOUT_STREAM")
