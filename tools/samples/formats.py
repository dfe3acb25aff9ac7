"""Build formats/*: one recording and one portrait in the encodings a decoder meets.

Usage: formats.py SAMPLES_DIR (with faces/ and voices/ already there)

Every sound is the first second (the 96 kHz file: quarter second) of voice.wav, and every picture, once
turned upright, is face.png, so a decoder test compares each file with those two.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr
from PIL import Image, ImageDraw

RECORDING = "voices/storm-1.flac"
PORTRAIT = "faces/collins-1.jpg"
HEAD_BOX = (140, 0, 400, 325)
PICTURE_SIZE = (120, 150)
HIGH_RATE_SECONDS = 0.25
HIGH_RATE_CHANNEL_GAINS = (1.25, 0.75)
ORIENTATION = 0x0112
STORED_TURN = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}


def main(samples: Path) -> None:
    formats = samples / "formats"
    formats.mkdir(parents=True, exist_ok=True)
    write_sounds(samples / RECORDING, formats)
    write_pictures(samples / PORTRAIT, formats)


def write_sounds(recording: Path, folder: Path) -> None:
    wave, rate_hz = soundfile.read(recording, dtype="float32")
    wave = wave[:rate_hz]
    soundfile.write(folder / "voice.wav", wave, rate_hz, subtype="PCM_16")
    soundfile.write(folder / "voice.flac", wave, rate_hz, subtype="PCM_16")
    soundfile.write(folder / "voice.mp3", wave, rate_hz)
    soundfile.write(folder / "voice.ogg", wave, rate_hz, subtype="VORBIS")
    soundfile.write(folder / "voice.opus", wave, rate_hz, format="OGG", subtype="OPUS")
    soundfile.write(folder / "voice-8khz.wav", soxr.resample(wave, rate_hz, 8_000), 8_000, subtype="PCM_16")
    high = soxr.resample(wave[: int(HIGH_RATE_SECONDS * rate_hz)], rate_hz, 96_000)
    stereo = np.outer(high, HIGH_RATE_CHANNEL_GAINS)
    soundfile.write(folder / "voice-96khz-stereo-24bit.wav", stereo, 96_000, subtype="PCM_24")


def write_pictures(portrait: Path, folder: Path) -> None:
    face = Image.open(portrait).crop(HEAD_BOX).resize(PICTURE_SIZE, Image.Resampling.LANCZOS)
    face.save(folder / "face.png", optimize=True)
    face.save(folder / "face.webp", quality=90, method=6)
    face.convert("L").save(folder / "face-grey.jpg", quality=90)
    with_alpha(face).save(folder / "face-alpha.png", optimize=True)
    for orientation, turn in STORED_TURN.items():
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        face.transpose(turn).save(folder / f"face-orientation-{orientation}.jpg", quality=90, exif=exif)


def with_alpha(face: Image.Image) -> Image.Image:
    """Make all but an ellipse transparent; the colours below stay those of face.png."""
    mask = Image.new("L", face.size, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, *face.size), fill=255)
    transparent = face.copy()
    transparent.putalpha(mask)
    return transparent


if __name__ == "__main__":
    main(Path(sys.argv[1]))
