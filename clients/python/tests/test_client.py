"""The client against a real server: AFFINIS_ADDRESS says where one runs with the models that ship."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ENVIRONMENT, REPOSITORY

from affinis import AffinisError, Client, Enrolment, Failure, Media, Pcm, Side, Tensor

SAMPLES = REPOSITORY / "samples"
OBAMA, OBAMA_LATER, BIDEN = (SAMPLES / "faces" / name for name in ("obama-1.jpg", "obama-2.jpg", "biden-1.jpg"))
STORM = SAMPLES / "voices/storm-1.flac"
#: A photo that no message holds: what follows the end of a JPEG is ignored.
LARGE = OBAMA.read_bytes() + bytes(5 * 1024 * 1024)

ADDRESS = os.environ.get("AFFINIS_ADDRESS", "")
pytestmark = pytest.mark.skipif(not ADDRESS, reason="AFFINIS_ADDRESS names no server")


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client(ADDRESS, deadline_ms=60_000) as client:
        yield client


def test_what_there_is(client: Client) -> None:
    assert client.health() == "serving"
    assert {"face", "voice", "text"} <= {each.name for each in client.list_embedders()}
    assert {"cosine", "mls"} <= {each.name for each in client.list_metrics()}
    assert {"face", "voice-cosine"} <= {each.name for each in client.list_pipelines()}


def test_verify_answers_item_by_item(client: Client) -> None:
    none: Any = 7
    pairs: list[tuple[Side, Side]] = [
        (OBAMA, OBAMA_LATER),
        (OBAMA, BIDEN),
        (OBAMA, SAMPLES / "README.md"),
        (OBAMA, none),
        ([OBAMA, OBAMA_LATER], LARGE),
    ]
    results = client.verify(pairs)
    assert [result.value.decision if result.ok else result.error.code for result in results] == [
        "match",
        "no_match",
        "invalid-argument",
        "invalid-argument",
        "match",
    ]
    answer = results[0].unwrap()
    assert (answer.pipeline.pipeline, answer.pipeline.metric.name) == ("face", "mls")
    assert answer.calibrated is not None
    assert answer.threshold is not None
    assert answer.score >= answer.threshold
    assert answer.left[0].image.faces_found == 1
    assert isinstance(results[2], Failure)
    error = results[2].error
    assert (error.field, error.reason) == ("item.right.samples[0].media", "UNSUPPORTED_FORMAT")
    assert isinstance(results[3], Failure)
    assert results[3].error.field == "right.samples[0]"


def test_samples_of_every_kind(client: Client) -> None:
    voice = np.sin(np.arange(32_000) * 0.05 * (1 + 0.1 * np.sin(np.arange(32_000) * 0.001))).astype(np.float32)
    crop = np.zeros((150, 150, 3), np.uint8) + np.arange(150, dtype=np.uint8)[:, None]
    for one, same in (
        (OBAMA, OBAMA.read_bytes()),
        (OBAMA, Media(OBAMA.read_bytes(), "image/jpeg")),
        (crop, Tensor(crop)),
    ):
        [first, second] = client.embed([one, same], embedder="face")
        np.testing.assert_array_equal(first.unwrap().embedding.mean, second.unwrap().embedding.mean)
    [text, sound] = client.embed(["a cold river", STORM])
    assert (text.unwrap().info.text.tokens > 0, sound.unwrap().info.voice.sample_rate_hz) == (True, 16_000)
    [pcm] = client.embed([Pcm(voice, 16_000)])
    assert pcm.ok or pcm.error.reason == "NO_SPEECH"


def test_embeddings_are_arrays_and_are_sent_back(client: Client) -> None:
    [one, other] = (result.unwrap().embedding for result in client.embed([OBAMA, LARGE]))
    assert (one.mean.dtype.name, one.mean.size, one.unit_norm) == ("float32", 128, True)
    assert one.variance is not None
    np.testing.assert_allclose(np.linalg.norm(one.mean), 1, rtol=1e-5)
    np.testing.assert_array_equal(one.mean, other.mean)
    [score, verified] = client.score([(one, other), (one, one)], metric="cosine")
    assert score.unwrap() == verified.unwrap() == pytest.approx(1)
    [by_pipeline] = client.compare([(one, other)], pipelines=["face", "face-cosine"])
    assert {name: result.unwrap().decision for name, result in by_pipeline.unwrap().items()} == {
        "face": "match",
        "face-cosine": "match",
    }


def test_a_batch_larger_than_one_call(client: Client) -> None:
    sentences = [f"sentence number {index}" for index in range(300)]
    results = client.embed(sentences)
    assert all(result.ok for result in results)
    again = dict(client.embed_stream((str(index), sentences[index]) for index in (7, 299)))
    for index in (7, 299):
        mean = again[str(index)].unwrap().embedding.mean
        np.testing.assert_allclose(mean, results[index].unwrap().embedding.mean, atol=1e-6)


def test_what_an_input_raises_comes_out_of_the_stream(client: Client) -> None:
    def inputs() -> Iterator[tuple[str, str]]:
        yield "one", "a sentence"
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        list(client.embed_stream(inputs()))


def test_galleries(client: Client) -> None:
    client.create_gallery("people", "face")
    try:
        assert [each.name for each in client.list_galleries()] == ["people"]
        later = datetime.now(timezone.utc) + timedelta(days=1)
        enrolments = [
            Enrolment("obama", [OBAMA, LARGE], {"role": "president"}, expires_at=later),
            Enrolment("biden", BIDEN),
            Enrolment("obama", OBAMA, mode="create"),
        ]
        [created, second, refused] = [client.enroll("people", [each])[0] for each in enrolments]
        assert (created.unwrap().created, created.unwrap().template.source_count) == (True, 2)
        assert second.ok
        assert isinstance(refused, Failure)
        assert refused.error.code == "already-exists"
        found = client.identify("people", [OBAMA_LATER, LARGE, "text"], k=1, with_metadata=True)
        assert [each.value.template_id if each.ok else each.error.code for each in found] == [
            "obama",
            "obama",
            "invalid-argument",
        ]
        assert dict(found[0].unwrap().candidates[0].metadata) == {"role": "president"}
        [template, none] = client.get_templates("people", ["obama", "none"], with_embeddings=True)
        assert (template.unwrap().fused.dimension, none.ok) == (128, False)
        assert [each.id for each in client.list_templates("people")] == ["biden", "obama"]
        assert [each.id for each in client.list_templates("people", filter={"role": "president"})] == ["obama"]
        assert [each.ok for each in client.delete_templates("people", ["obama", "none"])] == [True, False]
    finally:
        client.delete_gallery("people")


def test_a_call_that_fails_as_a_whole_raises(client: Client) -> None:
    with pytest.raises(AffinisError, match="no embedder") as thrown:
        client.embed(["a"], embedder="none")
    assert (thrown.value.code, thrown.value.field, thrown.value.reason) == ("not-found", "embedder", "NO_EMBEDDER")
    with pytest.raises(AffinisError) as thrown:
        client.verify([(LARGE, LARGE)], pipeline="none")
    assert thrown.value.code == "not-found"
    with pytest.raises(AffinisError) as thrown:
        client.embed([STORM], deadline_ms=1)
    assert thrown.value.code == "deadline-exceeded"


def test_files_that_are_not_there(client: Client) -> None:
    [missing, text] = client.embed([Path("no-such-file"), "text"])
    assert isinstance(missing, Failure)
    assert (missing.error.code, text.ok) == ("not-found", True)


def test_without_numpy_embeddings_are_arrays_of_the_standard_library() -> None:
    code = f"""
import sys
sys.modules["numpy"] = None
from affinis import Client
with Client({ADDRESS!r}) as client:
    [result] = client.embed(["text"])
    embedding = result.unwrap().embedding
    [score] = client.score([(embedding, embedding)], metric="cosine")
    print(type(embedding.mean).__name__, len(embedding.mean), round(score.unwrap(), 6))
"""
    environment = {**os.environ, **ENVIRONMENT}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert (ended.stdout, ended.stderr) == ("array 192 1.0\n", "")
