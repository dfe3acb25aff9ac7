"""A configuration as JSON, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from affinis.plugin.options import Options, fields_of

_PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\]]*)\]")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a configuration."""

    #: JSON pointer (RFC 6901).
    pointer: str
    #: What is wrong; never the value, which may be secret.
    message: str


def read_options(config_json: str, kind: type[Options]) -> Options | list[Problem]:
    """The options, or all that is wrong with them."""
    try:
        raw = msgspec.json.decode(config_json or "{}")
    except (msgspec.DecodeError, UnicodeEncodeError):
        return [Problem("", "is no JSON; send an object")]
    if not isinstance(raw, dict):
        return [Problem("", "is no JSON object; send an object")]
    problems = _problems_of(raw, kind)
    if problems:
        return problems
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return [_problem(error, "")]


def _problems_of(raw: dict[str, Any], kind: type[Options]) -> list[Problem]:
    fields = fields_of(kind)
    problems: list[Problem] = []
    for field in fields:
        pointer = f"/{_escaped(field.name)}"
        if field.name not in raw:
            if field.required:
                problems.append(Problem(pointer, "is missing, and required"))
            continue
        try:
            value = msgspec.convert(raw[field.name], field.type)
        except msgspec.ValidationError as error:
            problems.append(_problem(error, pointer))
            continue
        if field.is_file and value is not None and not Path(value).is_file():
            problems.append(Problem(pointer, "names no file; give a path that is there, from the plugin's folder"))
    names = [field.name for field in fields]
    hint = f"there are: {', '.join(names)}" if names else "there are none"
    problems.extend(Problem(f"/{_escaped(name)}", f"is no option; {hint}") for name in raw if name not in names)
    return problems


def _problem(error: msgspec.ValidationError, pointer: str) -> Problem:
    text = str(error)
    place = _PLACE.search(text)
    if place is None:
        return Problem(pointer, _plain(text))
    steps = [name or index for name, index in _STEP.findall(place["path"])]
    return Problem(pointer + "".join(f"/{_escaped(step)}" for step in steps), _plain(text[: place.start()]))


def _plain(text: str) -> str:
    """`Invalid enum value 'x'` would repeat the value."""
    if text.startswith("Invalid enum value"):
        return "is none of the values that the schema allows"
    return text[:1].lower() + text[1:].replace("`", "")


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
