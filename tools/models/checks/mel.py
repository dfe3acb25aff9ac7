"""The mel front end that the speaker encoder was trained with (power, not logarithm; Slaney's scale)."""

from __future__ import annotations

import numpy as np

RATE, WINDOW, HOP, BANDS = 16000, 400, 160, 40
SLICE_FRAMES, SLICE_STEP, MIN_COVERAGE = 160, 77, 0.75
TARGET_DBFS = -30


def raised(wave: np.ndarray) -> np.ndarray:
    """Raises the level to -30 dBFS, never lowers it."""
    level = 20 * np.log10(np.sqrt(np.mean(wave.astype(np.float64) ** 2)) + 1e-12)
    return wave if level >= TARGET_DBFS else (wave * 10 ** ((TARGET_DBFS - level) / 20)).astype(np.float32)


def slices(wave: np.ndarray) -> np.ndarray:
    """float32[slices, 160, 40]: overlapping pieces of 1.6 s, the wave padded with zeros to fill the last."""
    frames = -(-(len(wave) + 1) // HOP)
    starts = list(range(0, max(1, frames - SLICE_FRAMES + SLICE_STEP + 1), SLICE_STEP))
    coverage = (len(wave) - starts[-1] * HOP) / (SLICE_FRAMES * HOP)
    if coverage < MIN_COVERAGE and len(starts) > 1:
        starts.pop()
    padding = max(0, (starts[-1] + SLICE_FRAMES) * HOP - len(wave))
    mel = spectrogram(np.pad(wave, (0, padding)))
    return np.stack([mel[start : start + SLICE_FRAMES] for start in starts])


def spectrogram(wave: np.ndarray) -> np.ndarray:
    """float32[frames, 40] of a wave padded with 200 zeros on each side."""
    padded = np.pad(wave.astype(np.float64), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    return (power @ filterbank().T).astype(np.float32)


def filterbank() -> np.ndarray:
    """float64[40, 201]: triangles of equal area (Slaney), linear below 1 kHz and logarithmic above."""
    edges = _hertz(np.linspace(_mel(0), _mel(RATE / 2), BANDS + 2))
    frequencies = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (frequencies - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - frequencies) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]


def _mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) * 27 / np.log(6.4)


def _hertz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
