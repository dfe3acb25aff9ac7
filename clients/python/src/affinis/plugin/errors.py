"""What an author raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from affinis.errors import AffinisError


class InvalidSample(AffinisError):
    """A sample that cannot be embedded: `InvalidSample("is silent; send speech")`. It fails alone.

    Say what is wrong and what to do, never what the sample holds.
    """

    def __init__(self, problem: str, *, reason: str = "BAD_SAMPLE") -> None:
        super().__init__("invalid-argument", problem, reason=reason)


class InvalidOption(AffinisError):
    """Options that are of the right types and wrong all the same: `InvalidOption("model", "is no ONNX file; …")`."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__("invalid-argument", problem, field=f"/{name}", reason="BAD_OPTION")


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns whatever a decoder raises into an InvalidSample: `with reading("a recording"): soundfile.read(…)`."""
    try:
        yield
    except AffinisError:
        raise
    except Exception as error:
        # Not the error's text, which may hold parts of the sample.
        raise InvalidSample(f"cannot be read as {what} ({type(error).__name__}); send one") from error
