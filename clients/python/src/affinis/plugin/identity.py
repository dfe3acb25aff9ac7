"""Identity of a component: what determines its embeddings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from affinis.plugin.component import Embedder
from affinis.plugin.options import fields_of

_SPACE_DIGITS = 16


@dataclass(frozen=True)
class Identity:
    """Of one configured embedder."""

    #: Over all that determines the mean: id, version, options (files by their content), dimension, norm.
    sha256: str
    #: `ID/VERSION/DIGEST`: another configuration is another space.
    space: str
    #: Empty where there is no variance.
    variance_id: str


def identity_of(embedder: Embedder[Any, Any]) -> Identity:
    """The same in every process that is configured alike. Secrets are left out, and what `moves_space=False` marks."""
    sha256 = _digest(
        {
            "id": embedder.id,
            "version": embedder.version,
            "options": _options_of(embedder),
            "dimension": embedder.dimension,
            "unit_norm": embedder.unit_norm,
        }
    )
    has_variance = embedder.uncertainty != "none"
    return Identity(
        sha256=sha256,
        space=f"{embedder.id}/{embedder.version}/{sha256[:_SPACE_DIGITS]}",
        variance_id=_digest([sha256, embedder.uncertainty])[:_SPACE_DIGITS] if has_variance else "",
    )


def _options_of(embedder: Embedder[Any, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields_of(type(embedder.options)):
        value = getattr(embedder.options, field.name)
        if field.is_file and value is not None:
            values[field.name] = hashlib.sha256(Path(value).read_bytes()).hexdigest()
        elif field.moves_space:
            values[field.name] = msgspec.to_builtins(value)
    return values


def _digest(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
