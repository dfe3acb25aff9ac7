"""What must hold of the comparison of heads, on made-up data: `tools/train/run.sh test`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, spearmanr

from heads import losses, pairs, quality, scores
from heads.__main__ import run
from heads.calibration import Calibration, Constants, PairScores, merit_of
from heads.compare import split
from heads.figures import NAMES, curve, figures, pair_weights, rank
from heads.population import population_of
from heads.settings import SMOKE
from heads.synthetic import synthetic
from heads.tensors import Tensors, read_tensors
from heads.train import train_head


@pytest.fixture(scope="module")
def data() -> Tensors:
    return synthetic()


def few(settings=SMOKE, **changes):
    return replace(settings, **changes)


def test_scores_are_logarithms_of_gaussian_densities() -> None:
    """MLS-LLR against scipy's density of the joint Gaussian of both sides, dimension by dimension."""
    random = np.random.default_rng(1)
    left, right, mean = (random.normal(size=4) for _ in range(3))
    left_variance, right_variance, between = (random.uniform(0.2, 2, size=4) for _ in range(3))
    expected = 0.0
    for a, v, b, w, m, prior in zip(left, left_variance, right, right_variance, mean, between):
        same = multivariate_normal([m, m], [[prior + v, prior], [prior, prior + w]]).logpdf([a, b])
        expected += same - multivariate_normal(m, prior + v).logpdf(a) - multivariate_normal(m, prior + w).logpdf(b)
    tensors = [torch.from_numpy(each) for each in (left, left_variance, right, right_variance)]
    found = scores.mls_llr(*tensors, torch.from_numpy(mean), torch.from_numpy(between))
    assert float(found) == pytest.approx(expected, abs=1e-9)
    apart = multivariate_normal(np.zeros(4), np.diag(left_variance + right_variance)).logpdf(left - right)
    assert float(scores.mls(*tensors)) == pytest.approx(apart + 2 * np.log(2 * np.pi), abs=1e-9)


def test_population_of_known_variances() -> None:
    random = np.random.default_rng(2)
    subjects = np.repeat(np.arange(4_000), 3)
    centres = random.normal(size=(4_000, 2)) * [1.0, 0.5] + [3, -1]
    clean = centres[subjects] + random.normal(size=(12_000, 2)) * [0.3, 0.6]
    found = population_of(clean.astype(np.float32), subjects, floor_share=1e-9)
    np.testing.assert_allclose(found.mean, [3, -1], atol=0.05)
    np.testing.assert_allclose(found.between, [1, 0.25], rtol=0.06)
    np.testing.assert_allclose(found.within, [0.09, 0.36], rtol=0.05)


def test_pairs_are_of_the_samples_given_and_say_rightly_who_is_who(data: Tensors) -> None:
    usable = np.arange(len(data.usable)) % 7 != 2
    usable[: data.samples] = True
    partly = replace(data, usable=usable)
    samples = partly.of(np.arange(20))
    drawn = pairs.draw_pairs(partly, samples, impostors=500, seed=3)
    assert (drawn.clean.genuine, drawn.mixed.genuine) == (20 * 3, 20 * 9)
    for each in (drawn.clean, drawn.mixed):
        assert len(each.left) - each.genuine == 500
        assert partly.usable[each.left].all() and partly.usable[each.right].all()
        assert np.isin(each.left % data.samples, samples).all()
        np.testing.assert_array_equal(each.left_subject == each.right_subject, each.same)
        assert (each.left % data.samples != each.right % data.samples).all()
    assert (drawn.clean.left < data.samples).all()
    assert 0.25 < (drawn.mixed.left < data.samples).mean() < 0.45


def test_halves_share_no_subject(data: Tensors) -> None:
    parts = [set(data.subjects[samples]) for samples in vars(split(data, SMOKE, seed=4)).values()]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 120
    assert [len(part) for part in parts] == [40, 20, 60]


def test_figures_of_known_scores_with_ties_against_the_scorer() -> None:
    genuine, impostors = [5.0, 4, 2, 1], np.array([3.0, 2, *np.zeros(98)])
    found = curve(rank(np.concatenate([genuine, impostors]), 4))
    assert found.threshold(0.01) == 2 and found.tar_above(2) == 0.5
    assert found.threshold(0.001) == 3 and found.fmr_above(2) == pytest.approx(0.01)
    assert found.threshold(0.02) == 0 and found.tar_above(0) == 1
    assert found.eer() == pytest.approx((0.02 + 0) / 2)


def test_weights_are_the_same_as_repeated_pairs() -> None:
    random = np.random.default_rng(5)
    values = np.concatenate([random.normal(1, 1, 60), random.normal(0, 1, 400)])
    times = np.concatenate([random.integers(0, 3, 60), random.integers(0, 3, 400)])
    weighted = curve(rank(values, 60), times.astype(float))
    repeated = curve(rank(np.repeat(values, times), int(times[:60].sum())))
    np.testing.assert_allclose(figures(weighted, weighted), figures(repeated, repeated), atol=1e-9)


def test_bootstrap_weighs_impostors_by_both_subjects() -> None:
    two = pairs.Pairs(np.arange(3), np.arange(3), 1, np.array([0, 0, 1]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(pair_weights(two, np.array([2, 3, 0])), [2, 6, 0])


def test_merit_punishes_a_variance_that_shifts_one_condition(data: Tensors) -> None:
    drawn = pairs.draw_pairs(data, data.of(np.arange(60)), 4_000, seed=6)
    cosine = PairScores(*(scores.cosines(data.embeddings, each) for each in (drawn.clean, drawn.mixed)))
    shifted = PairScores(cosine.clean, cosine.mixed + 1)
    before, after = cosine.figures(drawn), shifted.figures(drawn)
    assert before["mixed.tar1e-3"] == after["mixed.tar1e-3"]
    assert merit_of(after, 0) < merit_of(before, 0) - 0.1
    assert merit_of(before, 2) == pytest.approx(merit_of(before, 1) - 1)


def test_calibration_is_its_formula(data: Tensors) -> None:
    logarithms = np.random.default_rng(7).normal(size=(3, 2)).astype(np.float32)
    within = np.array([0.5, 0.25], np.float32)
    calibration = Calibration(Constants(a=0.5, g=2, c=3), mean_logarithm=-1.0, within=within)
    out = calibration.variances(logarithms, np.array([0, 2]), np.zeros((3, 2), np.float32))
    wanted = 0.5 * np.exp(logarithms) ** 2 * np.exp(-1.0) ** -1 + 3 * within
    np.testing.assert_allclose(out[[0, 2]], wanted[[0, 2]], rtol=1e-5)
    assert not out[1].any()


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_every_loss_learns_which_samples_are_bad(data: Tensors, loss: str) -> None:
    parts = split(data, SMOKE, seed=8)
    population = population_of(data.embeddings[parts.train], data.subjects[parts.train], SMOKE.variance_floor)
    trained = train_head(loss, data, parts.train, population, few(steps=150), seed=8)
    rows = data.rows(parts.held_out)
    said = trained.head.log_variances(data.features[rows]).mean(1)
    assert spearmanr(said, data.features[rows, 0]).statistic > 0.5
    again = train_head(loss, data, parts.train, population, few(steps=150), seed=8)
    np.testing.assert_array_equal(again.head.log_variances(data.features[rows]).mean(1), said)


def test_logistic_finds_the_slopes_that_made_the_labels() -> None:
    random = np.random.default_rng(9)
    terms = np.concatenate([np.ones((40_000, 1)), random.normal(size=(40_000, 2))], axis=1)
    same = random.random(40_000) < 1 / (1 + np.exp(-terms @ [0.5, 2, -1]))
    found = quality.logistic(terms, same, np.full(40_000, 1 / 40_000))
    np.testing.assert_allclose(found, [0.5, 2, -1], atol=0.06)


def test_smoke_writes_a_report_with_every_figure(data: Tensors, tmp_path: Path) -> None:
    report = run(few(seeds=(1,), draws=5), data, tmp_path)
    assert json.loads((tmp_path / "heads.json").read_text()) == report
    assert set(report["figures"]["cosine"]) == set(NAMES)
    assert "| cosine |" in (tmp_path / "heads.md").read_text()


def test_exported_folders_are_read_and_wrong_ones_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="affinis export-tensors"):
        read_tensors(tmp_path)
    meta = {"format": "affinis.tensors/1", "copies": 2, "samples": 3, "dimension": 4, "features": 5, "model": "toy@1"}
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    np.save(tmp_path / "subjects.npy", np.arange(3, dtype=np.int32))
    np.save(tmp_path / "embeddings.npy", np.ones((2, 3, 4), np.float32))
    np.save(tmp_path / "features.npy", np.ones((2, 3, 5), np.float32))
    np.save(tmp_path / "failed.npy", np.array([[0, 0, 0], [1, 0, 0]], np.uint8))
    found = read_tensors(tmp_path)
    assert (found.embeddings.shape, found.features.shape) == ((6, 4), (6, 5))
    assert found.rows(np.array([0, 1])).tolist() == [0, 1, 4]
    np.save(tmp_path / "features.npy", np.ones((2, 3, 6), np.float32))
    with pytest.raises(ValueError, match="features.npy: is .* where meta.json says"):
        read_tensors(tmp_path)
