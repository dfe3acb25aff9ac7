"""The plugins of examples/, started as the host starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from conftest import ENVIRONMENT, REPOSITORY

from affinis import AffinisError, Embedding, Failure, Pcm
from affinis.plugin.testing import PluginProcess

EMBEDDER = REPOSITORY / "examples/plugin-python-embedder"
METRIC = REPOSITORY / "examples/plugin-python-metric"
SAMPLES = REPOSITORY / "samples"
RANDOM = np.random.default_rng(11)


def start(folder: Path) -> PluginProcess:
    return PluginProcess([sys.executable, "plugin.py"], cwd=folder, env=ENVIRONMENT)


def test_mfcc_of_real_recordings() -> None:
    with start(EMBEDDER) as plugin:
        mfcc = plugin.embedder("mfcc", {"coefficients": 13})
        assert (mfcc.description.dimension, mfcc.description.modality) == (26, "voice")
        files = sorted((SAMPLES / "voices").glob("*.flac"))
        means = np.stack([result.unwrap().embedding.mean for result in mfcc.embed(files)])
    distances = np.linalg.norm(means[:, np.newaxis] - means, axis=2) + np.diag(np.full(len(files), np.inf))
    nearest = [files[index].stem.split("-")[0] for index in distances.argmin(axis=1)]
    assert nearest == [file.stem.split("-")[0] for file in files]


def test_mfcc_decodes_what_it_is_given() -> None:
    with start(EMBEDDER) as plugin:
        mfcc = plugin.embedder("mfcc")
        names = ["voice.wav", "voice.flac", "voice.mp3", "voice.ogg", "voice-96khz-stereo-24bit.wav"]
        results = mfcc.embed([*(SAMPLES / "formats" / name for name in names), SAMPLES / "README.md"])
        assert [result.ok for result in results] == [True] * 5 + [False]
        wav, flac = (result.unwrap().embedding.mean for result in results[:2])
        np.testing.assert_array_equal(wav, flac)
        assert isinstance(results[-1], Failure)
        assert results[-1].error.message.startswith("[mfcc] cannot be read as a recording (WAV, FLAC, MP3 or OGG) (")
        tone = np.sin(np.arange(16_000) * 0.1).astype(np.float32)
        stereo = np.repeat(tone, 2)
        [one, both, short] = mfcc.embed([Pcm(tone, 16_000), Pcm(stereo, 16_000, 2), Pcm(tone[:300], 16_000)])
        np.testing.assert_allclose(one.unwrap().embedding.mean, both.unwrap().embedding.mean, atol=1e-3)
        assert isinstance(short, Failure)
        assert short.error.message == "[mfcc] is shorter than 35 ms; send a longer recording"


def export_tensors(folder: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """As `affinis export-tensors` writes it: subjects differ in two dimensions, the rest is noise of ten times that."""
    subjects = np.repeat(np.arange(12, dtype=np.int32), 10)
    centres = RANDOM.normal(size=(12, 2))
    embeddings = np.hstack([centres[subjects], np.zeros((120, 4))])[np.newaxis].repeat(2, axis=0)
    embeddings += RANDOM.normal(size=embeddings.shape) * [0.1, 0.1, 10, 10, 10, 10]
    failed = np.zeros((2, 120), np.uint8)
    failed[1, ::7] = 1
    np.save(folder / "embeddings.npy", embeddings.astype(np.float32))
    np.save(folder / "subjects.npy", subjects)
    np.save(folder / "failed.npy", failed)
    (folder / "meta.json").write_text(json.dumps({"space": "s", "dimension": 6}))
    return embeddings[0].astype(np.float32), subjects


def test_a_metric_learned_from_labelled_embeddings(tmp_path: Path) -> None:
    points, subjects = export_tensors(tmp_path)
    command = [sys.executable, str(METRIC / "learn.py"), str(tmp_path), str(tmp_path / "factor.npz")]
    learned = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "222 embeddings of 12 subjects in space s" in learned.stdout
    factor = np.load(tmp_path / "factor.npz")["factor"]

    with start(METRIC) as plugin:
        metric = plugin.metric("learned", {"factor": str(tmp_path / "factor.npz")})
        embeddings = [Embedding(point, "s") for point in points]
        pairs = [(0, 1), (0, 11), (15, 16), (15, 40)]
        results = metric.score([(embeddings[left], embeddings[right]) for left, right in pairs])
        scores = [result.unwrap() for result in results]
        expected = [np.linalg.norm(factor @ (points[left].astype(float) - points[right])) for left, right in pairs]
        np.testing.assert_allclose(scores, expected, rtol=1e-9)
        assert subjects[0] == subjects[1]
        assert scores[0] < scores[1]
        assert scores[2] < scores[3]
        [other] = metric.score([(Embedding(points[0], "t"), Embedding(points[1], "t"))])
        assert isinstance(other, Failure)
        assert (other.error.code, other.error.reason) == ("failed-precondition", "TWO_SPACES")
        for file in (tmp_path / "subjects.npy", tmp_path / "meta.json"):
            with pytest.raises(AffinisError, match=r"^\[learned\] /factor is no file of learn\.py"):
                plugin.metric("learned", {"factor": str(file)})
