"""What must hold without a teacher, a registry or STS-B: `tools/train/run.sh test`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from text_student import corpus
from text_student.distil import Judged, Sentences, distil, padded
from text_student.export import FEATURES, onnx_model, packed
from text_student.measure import Embedder, correlations, operating_point
from text_student.settings import SMOKE
from text_student.sources import Pairs, sentences, without
from text_student.student import Student
from text_student.vocabulary import Vocabulary, student_vocabulary

TOKENS = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "!", "a", "man", "dog", "bites", "##s", "##x"]
TEXTS = ["a man bites a dog", "dogs!", "dog", "☃", "a man bites a man bites a man"]
DIMENSION = 16


@pytest.fixture
def vocabulary() -> Vocabulary:
    return student_vocabulary(TOKENS)


@pytest.fixture
def student(vocabulary: Vocabulary) -> Student:
    generator = np.random.default_rng(1)
    directions = generator.normal(size=(len(vocabulary), DIMENSION)).astype(np.float32)
    return Student(vocabulary, directions, generator.normal(size=len(vocabulary)).astype(np.float32))


@pytest.fixture
def embedder(student: Student) -> Embedder:
    return Embedder(onnx_model(student), student.vocabulary, max_tokens=12)


def test_vocabulary_tells_kinds_by_order(vocabulary: Vocabulary) -> None:
    assert vocabulary.tokens == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "!", "a", "man", "dog", "bites", "##s", "##x"]
    assert (vocabulary.first_character, vocabulary.first_word, vocabulary.first_piece) == (4, 6, 9)


def test_graph_follows_the_definition(student: Student, embedder: Embedder) -> None:
    """Against float64 arithmetic on the stored integers, written down anew."""
    codes = student.codes()
    log_variances = student.log_variances.weight.detach().numpy()[:, 0].astype(np.float16).astype(np.float64)
    for text, vector, feature in zip(TEXTS, *embedder.run(TEXTS)):
        ids = np.array(embedder.ids(text)[1:-1])
        variances = log_variances[ids]
        directions = codes[ids] / np.linalg.norm(codes[ids], axis=1, keepdims=True)
        precisions = np.exp(-variances)
        total = precisions @ directions
        np.testing.assert_allclose(vector, total / np.linalg.norm(total), atol=1e-6)
        expected = {
            "log of the summed precision": np.log(precisions.sum()),
            "log of the length of the weighted mean of the directions": np.log(
                np.linalg.norm(total) / precisions.sum()
            ),
            "log of the effective number of tokens": np.log(precisions.sum() ** 2 / (precisions**2).sum()),
            "mean log variance of the tokens": variances.mean(),
            "largest log variance": variances.max(),
            "smallest log variance": variances.min(),
            "log of 1 + the number of tokens": np.log(1 + len(ids)),
            "share of unknown tokens": np.mean(ids == 1),
            "share of single characters": np.mean((ids >= 4) & (ids < 6)),
            "share of pieces that continue a word": np.mean(ids >= 9),
        }
        np.testing.assert_allclose(feature, [expected[name] for name in FEATURES], atol=1e-5)


def test_exported_model_agrees_with_the_trained_one(student: Student, embedder: Embedder) -> None:
    with torch.no_grad():
        trained = student(padded([embedder.ids(text) for text in TEXTS], 12)).numpy()
    np.testing.assert_allclose(embedder.run(TEXTS)[0], trained, atol=1e-3)  # float16 log variances


def test_batch_mates_and_padding_change_nothing(embedder: Embedder) -> None:
    together = embedder.run(TEXTS, padding=5)
    for row, text in enumerate(TEXTS):
        for alone, shared in zip(embedder.run([text]), together):
            np.testing.assert_allclose(alone[0], shared[row], atol=2e-6)


def test_nothing_but_special_tokens_gives_zeros_not_nan(student: Student) -> None:
    session = onnxruntime.InferenceSession(onnx_model(student), providers=["CPUExecutionProvider"])
    inputs = {"input_ids": np.array([[2, 3, 0]], np.int64), "attention_mask": np.array([[1, 1, 0]], np.int64)}
    embedding, features = session.run(["embedding", "features"], inputs)
    assert not embedding.any()
    assert np.isfinite(features).all()


def test_packing_keeps_every_value() -> None:
    codes = np.array([[-7, 0, 7, 3]])
    halves = packed(codes).astype(int)
    np.testing.assert_array_equal(np.concatenate([halves // 16, halves % 16], axis=1) - 8, codes)


def test_distilling_brings_the_student_nearer_to_the_teacher(vocabulary: Vocabulary, student: Student) -> None:
    generator = np.random.default_rng(2)
    rows = [list(generator.integers(4, len(vocabulary), 6)) for _ in range(400)]
    hidden = generator.normal(size=(len(vocabulary), 384))
    teacher = np.stack([hidden[row].sum(0) for row in rows]).astype(np.float32)
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    ids = padded(rows, 8)
    wanted = (teacher[:200] * teacher[200:]).sum(1)

    def agreement() -> float:
        with torch.no_grad():
            vectors = student(ids).numpy()
        return float(np.corrcoef((vectors[:200] * vectors[200:]).sum(1), wanted)[0, 1])

    before = agreement()
    settings = replace(SMOKE, dimension=DIMENSION, steps=300, clusters=8, clusters_per_batch=4, learning_rate=1e-2)
    distil(
        student,
        Sentences(ids, torch.from_numpy(teacher)),
        Judged(ids[:200], ids[200:], torch.from_numpy(wanted)),
        settings,
    )
    assert before < 0.7
    assert agreement() > 0.9


def test_glosses_are_read_as_wordnet_writes_them() -> None:
    line = (
        "00001740 00 a 01 able_bodied 0 000 | having the means; to do something; "
        '"she was able to program her computer"; "able to swim far"'
    )
    [(term, definition, examples)] = corpus.glosses("  1 licence text | here\n" + line)
    assert term == "able bodied"
    assert definition == "having the means; to do something"
    assert examples == ["she was able to program her computer", "able to swim far"]


def test_pairs_that_share_a_sentence_are_left_out_however_it_is_written() -> None:
    train = Pairs(["A man.", "Two dogs run", "a cat"], ["a  woman", "dogs, two", "a bird"], np.array([1.0, 2, 3]))
    kept = without(train, sentences(Pairs(["a man!"], ["Dogs two."], np.array([0.0]))))
    assert (kept.left, kept.right, kept.gold.tolist()) == (["a cat"], ["a bird"], [3.0])


def test_figures_of_known_scores() -> None:
    gold = np.array([0.0, 1, 2, 4, 4.5, 5])
    many = np.linspace(0, 5, 50)
    assert correlations(many**2, many, seed=1)["spearman"] == pytest.approx({"value": 1, "low": 1, "high": 1})
    point = operating_point(np.array([0.1, 0.2, 0.5, 0.4, 0.8, 0.9]), gold)
    assert point["equalErrorRate"] == pytest.approx(1 / 3)
    assert (point["same"], point["different"]) == (3, 3)
