"""Options of a component: fields with types, from which the JSON Schema and the checks are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Meta

_SECRET = "writeOnly"
_NO_SPACE = "no-space"
_FILE = "file"


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """Base of a component's options: `class MfccOptions(Options): coefficients: int = 20`.

    Types are checked: int, float, bool, str, Literal, list, dict, other Options, `X | None`; bounds and descriptions
    are given as `Annotated[int, option("How many", ge=1)]`. A field without a default is required.
    """

    def __repr__(self) -> str:
        """Without values, of which some may be secret."""
        return f"{type(self).__name__}(…)"


def option(description: str, *, ge: float | None = None, le: float | None = None, moves_space: bool = True) -> Meta:
    """For `Annotated`: what a field means, from `ge` to `le`. `moves_space=False` where it does not change embeddings,
    such as a number of threads."""
    return Meta(description=description, ge=ge, le=le, extra=None if moves_space else {_NO_SPACE: True})


def secret(description: str) -> Meta:
    """For `Annotated[str, …]`: never shown or logged, and no part of the space."""
    return Meta(description=description, extra_json_schema={_SECRET: True}, extra={_NO_SPACE: True})


def file(description: str) -> Meta:
    """For `Annotated[str, …]`: path of a file that must be there. The space knows it by its content."""
    return Meta(description=description, extra_json_schema={"format": "path"}, extra={_FILE: True})


@dataclass(frozen=True)
class OptionField:
    """A field of a component's options."""

    name: str
    type: Any
    required: bool
    moves_space: bool
    is_file: bool


def fields_of(options: type[Options]) -> list[OptionField]:
    """In the order of the class."""
    return [
        OptionField(
            name=field.name,
            type=field.type,
            required=field.required,
            moves_space=not _marked(field.type, _NO_SPACE),
            is_file=_marked(field.type, _FILE),
        )
        for field in msgspec.structs.fields(options)
    ]


def schema_of(options: type[Options]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an object."""
    reference = msgspec.json.schema(options)
    definitions = reference["$defs"]
    root = definitions.pop(options.__name__)
    more = {"$defs": definitions} if definitions else {}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, **more}


def _marked(kind: Any, mark: str) -> bool:
    metadata = getattr(kind, "__metadata__", ())
    return any(isinstance(each, Meta) and each.extra is not None and mark in each.extra for each in metadata)
