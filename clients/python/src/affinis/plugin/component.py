"""What an author writes: embedders and metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Union, get_args, get_origin

import numpy as np
import numpy.typing as npt
from typing_extensions import TypeVar

from affinis.plugin.options import Options
from affinis.samples import Media, Pcm, RawSample, Tensor

S = TypeVar("S", bound=RawSample)
O = TypeVar("O", bound=Options, default=Options)  # noqa: E741

Uncertainty = Literal["none", "scalar", "diagonal"]
Polarity = Literal["similarity", "distance"]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A mean, [D], and a variance: [D] (`diagonal`), [1] (`scalar`), or None: a point."""

    mean: npt.NDArray[Any]
    variance: npt.NDArray[Any] | None = None


#: What `embed` returns: D numbers, or those with a variance.
Embedded = Union[npt.ArrayLike, Gaussian]


class Component(Generic[O]):
    """What embedders and metrics have in common."""

    #: Unique among those of its kind: lower-case letters, digits, dots, dashes and underscores.
    id: ClassVar[str]
    #: True where several threads may use one instance at once. Otherwise calls to it are made one after another.
    parallel: ClassVar[bool] = False
    options_type: ClassVar[type[Options]] = Options

    def __init__(self, options: O) -> None:
        """Loads what the component needs. Raises InvalidOption where that fails because of an option."""
        self.options = options

    def close(self) -> None:
        """Gives up what was loaded. Called once, when nothing uses the instance any more."""


class Embedder(Component[O], Generic[S, O]):
    """Samples to embeddings. `class Mfcc(Embedder[Media, MfccOptions])` says which samples and options it takes.

    Write `embed`, or `embed_batch` where a batch costs less than its items. Both must be pure: the same sample gives
    the same embedding, whatever stands beside it. The first line of the docstring describes the embedder to people.
    """

    #: Change it whenever the same sample and options give another embedding: the space is another one then.
    version: ClassVar[str]
    #: Of the model, such as `MIT`.
    licence: ClassVar[str]
    #: `image`, `voice`, `text`, or another word.
    modality: ClassVar[str]
    #: Whether embeddings have Euclidean norm 1. The SDK scales them, variances too.
    unit_norm: ClassVar[bool] = False
    #: The variance that every embedding carries.
    uncertainty: ClassVar[Uncertainty] = "none"
    #: Kinds of samples that it takes, by default those of `Embedder[…]`.
    accepts: ClassVar[tuple[type, ...]] = (Media, Pcm, Tensor, str)
    #: D, 1 to 65536. Of the class, or set in `__init__`.
    dimension: int

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        arguments = _arguments_of(cls, Embedder)
        if arguments:
            cls.accepts = get_args(arguments[0]) or (arguments[0],)
        _take_options(cls, arguments[1:])

    def embed(self, sample: S) -> Embedded:
        """Raises InvalidSample for one that cannot be embedded."""
        return self.embed_batch([sample])[0]

    def embed_batch(self, samples: Sequence[S]) -> Sequence[Embedded]:
        """One a sample, in order. Where it raises, the samples are embedded one by one."""
        return [self.embed(sample) for sample in samples]


@dataclass(frozen=True, eq=False)
class Block:
    """Embeddings of one space, row by row."""

    #: float64[N, D]
    means: Matrix
    #: float64[N, D] (diagonal), float64[N, 1] (scalar), or None.
    variances: Matrix | None
    unit_norm: bool
    space: str


class Metric(Component[O], Generic[O]):
    """Scores pairs of embeddings. `class Manhattan(Metric)`, or `Metric[MyOptions]`.

    Write `score`, or `score_block` where NumPy does many at once. Both sides have one space and dimension, and every
    value is finite. The first line of the docstring describes the metric to people.
    """

    #: Unit and range of the score, such as `cosine, -1..1`.
    unit: ClassVar[str]
    #: `similarity`: higher is more alike. `distance`: lower is.
    polarity: ClassVar[Polarity]
    #: True where both sides must carry a variance.
    needs_variance: ClassVar[bool] = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        _take_options(cls, _arguments_of(cls, Metric))

    def score(self, left: Gaussian, right: Gaussian) -> float:
        """Of one pair, in float64."""
        raise NotImplementedError(f"{type(self).__name__} has neither score nor score_block")

    def score_block(self, queries: Block, references: Block) -> Matrix:
        """float64[N, M]: every query against every reference."""
        rows = [[self.score(left, right) for right in _rows_of(references)] for left in _rows_of(queries)]
        return np.array(rows, np.float64)


def description_of(component: type[Component[Any]]) -> str:
    """First line of the docstring."""
    return (component.__doc__ or "").strip().split("\n")[0]


def _rows_of(block: Block) -> list[Gaussian]:
    variances = [None] * len(block.means) if block.variances is None else list(block.variances)
    return [Gaussian(mean, variance) for mean, variance in zip(block.means, variances, strict=True)]


def _arguments_of(component: type, base: type) -> tuple[Any, ...]:
    for each in getattr(component, "__orig_bases__", ()):
        if get_origin(each) is base:
            return get_args(each)
    return ()


def _take_options(component: type[Component[Any]], arguments: tuple[Any, ...]) -> None:
    if arguments and isinstance(arguments[0], type):
        component.options_type = arguments[0]
