"""What became of one item of a batch: a failure here never fails its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, NoReturn, TypeVar, Union

from affinis.errors import AffinisError

T = TypeVar("T")


@dataclass(frozen=True)
class Success(Generic[T]):
    """An item that was answered."""

    value: T
    ok: Literal[True] = True

    def unwrap(self) -> T:
        """The value."""
        return self.value


@dataclass(frozen=True)
class Failure:
    """An item that failed by itself."""

    error: AffinisError
    ok: Literal[False] = False

    def unwrap(self) -> NoReturn:
        """Raises the error."""
        raise self.error


#: `result.ok` tells which, as does `match`; `unwrap()` gives the value or raises the error.
Result = Union[Success[T], Failure]
