"""Compute voices/fixtures.json: what the original resemblyzer makes of each recording.

Usage: voice_fixtures.py SAMPLES_DIR OUTPUT_JSON

The steps are resemblyzer's own code (Generalized End-to-End Loss for Speaker Verification, Wan et
al. 2018) with its voice activity detection left out: int16 / 32768, volume raised to -30 dBFS and
never lowered, slices of 160 mel frames (by default every 77, the last dropped below 0.75 coverage),
zero padding up to the last slice, 40-band mel, mean of the slices' embeddings, L2.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import soundfile
from resemblyzer import VoiceEncoder, audio, hparams

MEL_FRAMES_KEPT = (0, 10, 100, 200)
RATE, MIN_COVERAGE = 1.3, 0.75
SIGNIFICANT_DIGITS = 6


def main(samples: Path, output: Path) -> None:
    encoder = VoiceEncoder("cpu", verbose=False)
    recordings = sorted((samples / "voices").glob("*.flac"))
    fixtures = {
        "source": "PyPI resemblyzer==0.1.4, voice activity detection off",
        "tolerance": {
            "gain": "1e-5 relative",
            "mel": "1e-4 relative plus 1e-6 of the frame's largest value",
            "embedding": "1e-3 absolute for an ONNX file with float16 weights, 1e-5 with float32",
        },
        "recordings": [fixture(encoder, recording) for recording in recordings],
    }
    output.write_text(vectors_on_one_line(json.dumps(fixtures, indent=1)) + "\n")


def fixture(encoder: VoiceEncoder, recording: Path) -> dict:
    pcm, rate_hz = soundfile.read(recording, dtype="int16")
    assert rate_hz == hparams.sampling_rate, f"{recording} is not {hparams.sampling_rate} Hz"
    wave = pcm.astype(np.float32) / 32768
    normalised = audio.normalize_volume(wave, hparams.audio_norm_target_dBFS, increase_only=True)
    wave_slices, mel_slices = encoder.compute_partial_slices(len(normalised), RATE, MIN_COVERAGE)
    padding = max(0, wave_slices[-1].stop - len(normalised))
    mel = audio.wav_to_mel_spectrogram(np.pad(normalised, (0, padding)))
    loudest = np.argmax(np.abs(wave))
    return {
        "file": recording.name,
        "samples": len(wave),
        "gain": rounded(normalised[loudest] / wave[loudest]),
        "partialStartsFrames": [int(piece.start) for piece in mel_slices],
        "paddedSamples": int(len(normalised) + padding),
        "melShape": list(mel.shape),
        "mel": {str(frame): rounded(mel[frame]) for frame in MEL_FRAMES_KEPT},
        "embedding": rounded(encoder.embed_utterance(normalised, rate=RATE, min_coverage=MIN_COVERAGE)),
    }


def rounded(values: np.ndarray) -> float | list[float]:
    """Keep SIGNIFICANT_DIGITS of a number or of each number of a vector."""
    if np.ndim(values) == 0:
        return float(f"{values:.{SIGNIFICANT_DIGITS}g}")
    return [rounded(value) for value in values]


def vectors_on_one_line(text: str) -> str:
    """Join what json.dumps spreads over a line per number."""
    return re.sub(r"\[[\s\d.,e+-]+\]", lambda vector: re.sub(r"\s+", "", vector[0]), text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
