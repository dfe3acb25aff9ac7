"""vad-silero-16k: Silero's voice activity detector for 16 kHz, as its wheel ships it."""

from __future__ import annotations

from registry import Package

PACKAGE = Package("PyPI", "silero-vad", "6.2.3")


def build() -> dict[str, bytes]:
    return {
        "model.onnx": PACKAGE.read(
            "silero_vad/data/silero_vad_16k_op15.onnx",
            "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
        ),
        "LICENSE": PACKAGE.read("silero_vad-6.2.3.dist-info/licenses/LICENSE", "2e63e9a38b6e8fc0c7bc37ce174caca1862870856c6daf5697cfb785e925520b"),
    }
