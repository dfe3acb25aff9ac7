"""Build voices/<speaker>-<n>.flac: synthetic speakers of espeak-ng, 16 kHz mono 16-bit.

Usage: voices.py SAMPLES_DIR

Four variants that the GE2E encoder tells apart, each saying the same two sentences. Levels differ,
so that the volume step (raise to -30 dBFS, never lower) both acts and does not.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

ESPEAK_RATE_HZ = 22_050
RATE_HZ = 16_000
WAV_HEADER_BYTES = 44
SENTENCES = (
    "The morning train was late, so we walked.",
    "Please keep the blue umbrella for a rainy day.",
)


@dataclass(frozen=True)
class Speaker:
    """An espeak-ng voice+variant with its pitch (0 to 99), speed and loudness (RMS)."""

    name: str
    voice: str
    pitch: int
    words_per_minute: int
    level_dbfs: float


SPEAKERS = (
    Speaker("storm", "en-us+Storm", 50, 145, -38),
    Speaker("steph", "en-us+steph3", 60, 145, -38),
    Speaker("klatt", "en-us+klatt4", 60, 145, -29),
    Speaker("andrea", "en-us+Andrea", 70, 140, -38),
)


def main(samples: Path) -> None:
    voices = samples / "voices"
    voices.mkdir(parents=True, exist_ok=True)
    for speaker in SPEAKERS:
        for number, sentence in enumerate(SENTENCES, start=1):
            wave = at_level(speak(speaker, sentence), speaker.level_dbfs)
            path = voices / f"{speaker.name}-{number}.flac"
            soundfile.write(path, wave, RATE_HZ, subtype="PCM_16", compression_level=1.0)


def speak(speaker: Speaker, sentence: str) -> np.ndarray:
    """Return the spoken sentence as float32[N] at RATE_HZ."""
    prosody = ("-v", speaker.voice, "-p", str(speaker.pitch), "-s", str(speaker.words_per_minute))
    spoken = subprocess.run(("espeak-ng", *prosody, "--stdout", sentence), check=True, capture_output=True)
    samples = np.frombuffer(spoken.stdout[WAV_HEADER_BYTES:], "<i2").astype(np.float32) / 32768
    return soxr.resample(samples, ESPEAK_RATE_HZ, RATE_HZ)


def at_level(wave: np.ndarray, level_dbfs: float) -> np.ndarray:
    """Scale the wave to that RMS level."""
    return wave * (10 ** (level_dbfs / 20) / np.sqrt(np.mean(wave**2)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
