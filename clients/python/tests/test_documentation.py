"""docs/write-an-embedder-in-python.md: its files are written and its commands run, in the order of the page."""

from __future__ import annotations

import re
import site
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from conftest import ENVIRONMENT, REPOSITORY

from affinis import Embedding
from affinis.plugin.testing import PluginProcess

PAGE = (REPOSITORY / "docs/write-an-embedder-in-python.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = ".venv/bin/python "


def run(command: str, folder: Path) -> str:
    ended = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def make_environment(folder: Path) -> None:
    """In the place of `pip install`: a virtual environment that sees this one's packages and the SDK's source."""
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "affinis.pth").write_text("\n".join([ENVIRONMENT["PYTHONPATH"], *site.getsitepackages()]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the page's files as they are at its end; what it says is printed was printed."""
    folder = tmp_path_factory.mktemp("trigrams")
    make_environment(folder / ".venv")
    printed: list[str] = []
    for language, content in BLOCK.findall(PAGE):
        if language == "python":
            name = content.split("\n")[0].removeprefix("# ")
            assert re.fullmatch(r"\w+\.py", name)
            (folder / name).write_text(content)
        elif language == "sh":
            printed += [run(line, folder) for line in content.splitlines() if line.startswith(PYTHON + "try_it")]
        elif language == "text":
            assert printed.pop() == content
    assert printed == []
    return folder


def test_the_tests_of_the_page(folder: Path) -> None:
    assert "3 passed" in run(f"{PYTHON}-m pytest -q test_plugin.py", folder)


def test_the_decoder(folder: Path) -> None:
    code = (
        "from pathlib import Path; from affinis import AffinisError; from affinis.plugin import Media; import decode\n"
        f"print(decode.decode(Media(Path({str(REPOSITORY / 'samples/formats/voice.flac')!r}).read_bytes()))[1])\n"
        "try: decode.decode(Media(b'no recording'))\n"
        "except AffinisError as error: print(error.code)\n"
    )
    (folder / "use_decoder.py").write_text(code)
    assert run(f"{PYTHON}use_decoder.py", folder) == "16000\ninvalid-argument\n"


def test_the_metric(folder: Path) -> None:
    with PluginProcess([str(folder / PYTHON.strip()), "metric.py"], cwd=folder) as plugin:
        left, right = (Embedding(np.array(values, np.float32), "s") for values in ([1, 2], [3, 5]))
        assert [result.unwrap() for result in plugin.metric("manhattan").score([(left, right)])] == [5]
