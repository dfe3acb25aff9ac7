"""What the reports of all runs share: tables, templates, and files that are complete under their name or not there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """In Markdown."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def filled(template: Path, values: Mapping[str, object]) -> bytes:
    return Template(template.read_text()).substitute(values).encode()


def json_bytes(report: dict) -> bytes:
    text = json.dumps(report, indent=2, allow_nan=False)
    text = re.sub(r"(?<=\de)-0(?=\d)", "-", text)  # 2e-07 as the repository's formatter writes it
    return f"{text}\n".encode()


def write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
