"""What a sample may be, and how it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from affinis.embedding import Embedding, embedding_to_proto
from affinis.errors import AffinisError
from affinis.v1 import sample_pb2
from affinis.vectors import bytes_of_vector, is_numpy_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from affinis.vectors import Vector


@dataclass(frozen=True)
class Media:
    """An encoded file: JPEG, PNG, WebP; WAV, FLAC, MP3, OGG. Its bytes decide what it is."""

    data: bytes
    #: MIME type, checked against the content where it is given.
    media_type: str = ""
    #: Five points (x, y) in pixels: right eye, left eye, nose tip, right and left mouth corner; the person's right.
    landmarks: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, eq=False)
class Pcm:
    """Uncompressed sound: float32[frames * channels], interleaved, nominally -1 to 1."""

    samples: Vector
    sample_rate_hz: int
    channels: int = 1


@dataclass(frozen=True, eq=False)
class Tensor:
    """What a model's preprocessing would have made: uint8, float32, int32 or int64."""

    array: npt.NDArray[Any]


#: What an embedder takes. `str` is text.
RawSample = Union[Media, Pcm, Tensor, str]

#: What a client sends: a `Path` is a file, `bytes` are a file's, `str` is text, a NumPy array is a tensor.
Sample = Union[RawSample, Embedding, Path, bytes, "npt.NDArray[Any]"]

DATA_TYPES: dict[str, sample_pb2.DataType.ValueType] = {
    "float32": sample_pb2.DATA_TYPE_FLOAT32,
    "uint8": sample_pb2.DATA_TYPE_UINT8,
    "int32": sample_pb2.DATA_TYPE_INT32,
    "int64": sample_pb2.DATA_TYPE_INT64,
}


def sample_to_proto(sample: Sample) -> sample_pb2.Sample:
    """Ready to send. Reads a `Path`; raises `invalid-argument` for what cannot be sent."""
    if isinstance(sample, Path):
        return sample_pb2.Sample(media=sample_pb2.Media(data=_read(sample)))
    if isinstance(sample, bytes):
        return sample_pb2.Sample(media=sample_pb2.Media(data=sample))
    if isinstance(sample, str):
        return sample_pb2.Sample(text=_well_formed(sample))
    if isinstance(sample, Media):
        points = [sample_pb2.Point(x=x, y=y) for x, y in sample.landmarks]
        media = sample_pb2.Media(data=sample.data, media_type=sample.media_type, landmarks=points)
        return sample_pb2.Sample(media=media)
    if isinstance(sample, Pcm):
        return sample_pb2.Sample(pcm=_pcm_to_proto(sample))
    if isinstance(sample, Embedding):
        return sample_pb2.Sample(embedding=embedding_to_proto(sample))
    if isinstance(sample, Tensor):
        return sample_pb2.Sample(tensor=_tensor_to_proto(sample.array))
    if is_numpy_array(sample):
        return sample_pb2.Sample(tensor=_tensor_to_proto(sample))
    raise _invalid(f"a {type(sample).__name__} is no sample; send a Path, bytes, str, Media, Pcm, Tensor or Embedding")


def _pcm_to_proto(pcm: Pcm) -> sample_pb2.Pcm:
    return sample_pb2.Pcm(
        samples=bytes_of_vector(pcm.samples),
        encoding=sample_pb2.PCM_ENCODING_FLOAT32,
        sample_rate_hz=pcm.sample_rate_hz,
        channels=pcm.channels,
    )


def _tensor_to_proto(values: npt.NDArray[Any]) -> sample_pb2.Tensor:
    data_type = DATA_TYPES.get(values.dtype.name)
    if data_type is None:
        raise _invalid(f"an array of {values.dtype.name} is no sample; send {', '.join(DATA_TYPES)}")
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return sample_pb2.Tensor(data_type=data_type, shape=values.shape, data=data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AffinisError("not-found", f"[client] {path} cannot be read: {error.strerror}", field="media") from error


def _well_formed(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _invalid("the text holds a lone surrogate, which is no character") from None
    return text


def _invalid(problem: str) -> AffinisError:
    return AffinisError("invalid-argument", f"[client] {problem}", reason="BAD_SAMPLE")
