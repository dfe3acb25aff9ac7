"""Rules D1 to D5 and D8 to D13 of docs/plugin-contract.md, as they touch embedders."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from conftest import refused, start_toy

from affinis import Embedding, Failure, Media, Pcm, Tensor
from affinis.errors import error_of_status
from affinis.plugin.plugin_service import MAX_MESSAGE_BYTES
from affinis.plugin.testing import EmbedderInstance, PluginProcess
from affinis.v1 import embedder_pb2, embedder_pb2_grpc, embedding_pb2, sample_pb2

Sample = sample_pb2.Sample
FLOAT32 = sample_pb2.DATA_TYPE_FLOAT32


def embed(
    toy: PluginProcess, instance: EmbedderInstance, *samples: Sample, name: str = ""
) -> list[embedder_pb2.EmbedResult]:
    items = [embedder_pb2.EmbedItem(id=f"item {index}", sample=sample) for index, sample in enumerate(samples)]
    request = embedder_pb2.EmbedRequest(embedder=name or instance.component_id, items=items)
    stub = embedder_pb2_grpc.EmbedderStub(toy.channel)
    return list(stub.Embed(request, metadata=instance.metadata).results)


def means(instance: EmbedderInstance, texts: list[str]) -> list[list[float]]:
    return [result.unwrap().embedding.mean.tolist() for result in instance.embed(texts)]


def test_d1_without_an_instance_of_the_component_a_call_is_not_found(toy: PluginProcess) -> None:
    stub = embedder_pb2_grpc.EmbedderStub(toy.channel)
    request = embedder_pb2.EmbedRequest(embedder="letters", items=[embedder_pb2.EmbedItem(sample=Sample(text="a"))])
    letters, metric = toy.embedder("letters"), toy.metric("manhattan")
    for metadata in (None, (("affinis-instance", "none"),), metric.metadata):
        assert refused(stub.Embed, request, metadata=metadata).code == "not-found"
    error = refused(embed, toy, letters, Sample(text="a"), name="odd")
    assert (error.code, error.field) == ("not-found", "affinis-instance")


def test_d2_d3_one_result_an_item_in_order_and_a_bad_one_fails_alone(toy: PluginProcess) -> None:
    texts = ["abc", "!", "aab", "", "h"]
    results = embed(toy, toy.embedder("letters"), *(Sample(text=text) for text in texts))
    assert [result.id for result in results] == [f"item {index}" for index in range(5)]
    assert [result.status.code for result in results] == [0, 3, 0, 3, 0]
    error = error_of_status(results[1].status)
    assert error is not None
    assert (error.field, error.reason) == ("items[1].sample", "BAD_SAMPLE")
    assert error.message == "[letters] holds no letter; send a word"


def test_d4_embeddings_are_as_described(toy: PluginProcess) -> None:
    letters = toy.embedder("letters", {"scale": 3})
    [result] = embed(toy, letters, Sample(text="aabb"))
    description, embedding = letters.description, result.embedding
    assert (embedding.space, embedding.dimension) == (description.space, description.dimension)
    assert (embedding.unit_norm, embedding.variance_id) == (description.unit_norm, description.variance_id)
    assert description.uncertainty == embedding_pb2.VARIANCE_KIND_DIAGONAL
    mean = np.frombuffer(embedding.mean, "<f4")
    np.testing.assert_allclose(mean, [math.sqrt(0.5)] * 2 + [0] * 6, rtol=1e-6)
    # Counts of 6, of norm sqrt(72): variances shrink by the square.
    np.testing.assert_allclose(np.frombuffer(embedding.variance, "<f4"), [0.2 / 72] * 8, rtol=1e-6)
    assert (result.model.name, result.model.version, len(result.model.sha256)) == ("letters", "2", 64)


@pytest.mark.parametrize(
    ("text", "code", "problem"),
    [
        ("nan", "invalid-argument", "NaN or infinity"),
        ("huge", "invalid-argument", "NaN or infinity"),
        ("zero", "invalid-argument", "zero vector"),
        ("short", "internal", "1 numbers where dimension is 2"),
        ("crash", "internal", "unexpected RuntimeError"),
        ("exit", "internal", "unexpected SystemExit"),
    ],
)
def test_d4_d12_what_is_no_embedding_fails_and_says_no_more(
    toy: PluginProcess, text: str, code: str, problem: str
) -> None:
    [bad, good] = toy.embedder("odd").embed([text, "fine"])
    assert isinstance(bad, Failure)
    assert good.ok
    assert (bad.error.code, problem in bad.error.message, "secret" in bad.error.message) == (code, True, False)


def test_d5_the_same_alone_or_in_a_batch(toy: PluginProcess) -> None:
    letters, texts = toy.embedder("letters"), ["abc", "ccc", "!", "abh"]
    batch = [result.value.embedding.mean.tolist() if result.ok else None for result in letters.embed(texts)]
    reverse = [result.value.embedding.mean.tolist() if result.ok else None for result in letters.embed(texts[::-1])]
    assert batch == reverse[::-1]
    assert means(letters, ["abc"]) == batch[:1]


@pytest.mark.parametrize("component", ["slow", "odd"])
def test_d8_eight_at_once_give_what_one_after_another_gives(toy: PluginProcess, component: str) -> None:
    instance = toy.embedder(component)
    texts = [["x" * length] for length in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(lambda each: means(instance, each), texts))
    assert at_once == [means(instance, each) for each in texts]


def test_d9_the_largest_message_is_taken_and_an_empty_batch_is_not(toy: PluginProcess) -> None:
    histogram = toy.embedder("histogram")
    [result] = embed(toy, histogram, Sample(media=sample_pb2.Media(data=bytes(MAX_MESSAGE_BYTES - 100))))
    assert result.status.code == 0
    assert refused(embed, toy, histogram).code == "invalid-argument"


HOSTILE = {
    "no content": Sample(),
    "empty media": Sample(media=sample_pb2.Media()),
    "chunks without a stream": Sample(media=sample_pb2.Media(chunked_bytes=9)),
    "landmarks": Sample(media=sample_pb2.Media(data=b"x", landmarks=[sample_pb2.Point(x=math.nan)] * 5)),
    "two landmarks": Sample(media=sample_pb2.Media(data=b"x", landmarks=[sample_pb2.Point()] * 2)),
    "an embedding": Sample(embedding=embedding_pb2.Embedding(mean=bytes(8), space="s")),
    "empty text": Sample(text=" "),
    "sound without a rate": Sample(pcm=sample_pb2.Pcm(samples=bytes(8))),
    "sound of half a value": Sample(pcm=sample_pb2.Pcm(samples=bytes(7), sample_rate_hz=16000)),
    "sound of half a frame": Sample(pcm=sample_pb2.Pcm(samples=bytes(12), sample_rate_hz=16000, channels=2)),
    "sound that is NaN": Sample(
        pcm=sample_pb2.Pcm(samples=np.array([math.nan], "<f4").tobytes(), sample_rate_hz=16000)
    ),
    "a tensor without a type": Sample(tensor=sample_pb2.Tensor(shape=[2], data=bytes(8))),
    "a tensor of another size": Sample(tensor=sample_pb2.Tensor(data_type=FLOAT32, shape=[3], data=bytes(8))),
    "a tensor of nothing": Sample(tensor=sample_pb2.Tensor(data_type=FLOAT32, shape=[0])),
    "a tensor beyond all bounds": Sample(
        tensor=sample_pb2.Tensor(data_type=FLOAT32, shape=[2**32 - 1] * 8, data=b"1234")
    ),
    "a tensor that is infinite": Sample(
        tensor=sample_pb2.Tensor(data_type=FLOAT32, shape=[1], data=np.array([math.inf], "<f4").tobytes())
    ),
}


@pytest.mark.parametrize("sample", HOSTILE.values(), ids=HOSTILE.keys())
def test_d10_hostile_input_fails_as_an_item(toy: PluginProcess, sample: Sample) -> None:
    for component in ("odd", "histogram"):
        [bad] = embed(toy, toy.embedder(component), sample)
        error = error_of_status(bad.status)
        assert error is not None
        assert (error.code, (error.field or "").startswith("items[0].sample")) == ("invalid-argument", True)


def test_d10_kinds_that_the_embedder_does_not_take(toy: PluginProcess) -> None:
    [text, sound, tensor, media] = toy.embedder("odd").embed(
        ["a", Pcm(np.ones(4, np.float32), 8000), Tensor(np.ones((2, 2), np.uint8)), Media(b"a")]
    )
    assert [each.unwrap().embedding.mean.tolist() for each in (text, sound, tensor)] == [[1, 1], [4, 8000], [1, 4]]
    assert isinstance(media, Failure)
    assert media.error.message == "[odd] sample is a file; send uncompressed sound or a tensor or text"


def test_pcm_of_16_bits(toy: PluginProcess) -> None:
    pcm = sample_pb2.Pcm(samples=bytes(6), encoding=sample_pb2.PCM_ENCODING_INT16, sample_rate_hz=8000)
    [result] = embed(toy, toy.embedder("odd"), Sample(pcm=pcm))
    assert np.frombuffer(result.embedding.mean, "<f4").tolist() == [3, 8000]


@pytest.mark.parametrize("component", ["odd", "letters"])
def test_d11_others_are_answered_when_a_call_is_given_up(component: str) -> None:
    with start_toy() as toy:
        odd, other = toy.embedder("odd"), toy.embedder(component)
        stub = embedder_pb2_grpc.EmbedderStub(toy.channel)
        request = embedder_pb2.EmbedRequest(embedder="odd", items=[embedder_pb2.EmbedItem(sample=Sample(text="hang"))])
        cancelled = stub.Embed.future(request, metadata=odd.metadata)
        with pytest.raises(grpc.RpcError):
            stub.Embed(request, metadata=odd.metadata, timeout=0.2)
        cancelled.cancel()
        assert other.embed(["abc"])[0].ok
        toy.process.kill()


def test_d13_an_embedding_sent_back_is_no_sample(toy: PluginProcess) -> None:
    [result] = toy.embedder("odd").embed([Embedding(np.ones(2, np.float32), "s")])
    assert isinstance(result, Failure)
    assert result.error.reason == "ALREADY_EMBEDDED"
