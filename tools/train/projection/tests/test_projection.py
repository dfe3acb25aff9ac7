"""What must hold of projections, on made-up data: `tools/train/run.sh test-projection`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml
from sklearn.decomposition import PCA, KernelPCA

from projection.compare import compare, figures_table
from projection.graph import model_bytes
from projection.judge import judge
from projection.methods import METHODS, Kernel, Linear, fit
from projection.pixels import publish_pixels
from projection.publish import publish
from projection.synthetic import synthetic
from projection.tensors import Labelled, read_labelled, split


@pytest.fixture(scope="module")
def data() -> Labelled:
    return synthetic()


@pytest.mark.parametrize("method", METHODS)
def test_the_onnx_model_is_the_map(method: str, data: Labelled) -> None:
    projection = fit(method, data.embeddings, data.subjects, 4, 1)
    session = onnxruntime.InferenceSession(model_bytes(projection))
    x = data.embeddings[:7].astype(np.float32)
    (served,) = session.run(["projected"], {"embedding": x})
    expected = projection.apply(x.astype(np.float64))
    assert served.shape == (7, 4)
    np.testing.assert_allclose(served, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("method", METHODS)
def test_it_is_the_same_again(method: str, data: Labelled) -> None:
    first, second = (model_bytes(fit(method, data.embeddings, data.subjects, 4, 1)) for _ in range(2))
    assert first == second


def test_pca_is_scikit_learns(data: Labelled) -> None:
    ours = fit("pca", data.embeddings, data.subjects, 4, 1).apply(data.embeddings)
    theirs = PCA(4, whiten=True).fit_transform(data.embeddings)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-9)
    np.testing.assert_allclose(ours.var(0, ddof=1), 1, atol=1e-9)


def test_kernel_pca_is_scikit_learns_whitened(data: Labelled) -> None:
    ours = fit("kernel-pca", data.embeddings, data.subjects, 4, 1)
    assert isinstance(ours, Kernel)
    model = KernelPCA(4, kernel="rbf", gamma=ours.gamma, eigen_solver="dense").fit(data.embeddings)
    new = data.embeddings[:9] + 0.1
    theirs = model.transform(new) * np.sqrt(len(data.embeddings) / model.eigenvalues_)
    np.testing.assert_allclose(np.abs(ours.apply(new)), np.abs(theirs), atol=1e-8)
    assert np.allclose(ours.apply(data.embeddings).std(0), 1)


@pytest.mark.parametrize("method", ["lda", "nca", "itml"])
def test_what_knows_the_labels_finds_the_axes_along_which_subjects_differ(method: str, data: Labelled) -> None:
    train, test = split(data, 1)
    axes = {"lda": 4, "nca": 4, "itml": 16}[method]
    projection = fit(method, train.embeddings, train.subjects, axes, 1, components=16)
    raw = judge(test.embeddings, test.subjects)
    assert judge(projection.apply(test.embeddings), test.subjects)["eer"] < raw["eer"]


def test_no_axis_is_kept_along_which_nothing_varies(data: Labelled) -> None:
    dead = np.hstack([data.embeddings, np.full((len(data.embeddings), 3), 0.25)])
    projection = fit("pca", dead, data.subjects, 100, 1)
    assert isinstance(projection, Linear)
    assert projection.matrix.shape == (16, 19)
    assert np.abs(projection.matrix[:, 16:]).max() < 1e-9


def test_a_split_has_no_subject_on_both_sides(data: Labelled) -> None:
    train, test = split(data, 3)
    assert not set(train.subjects) & set(test.subjects)
    assert len(train.subjects) + len(test.subjects) == len(data.subjects)


def test_error_rates_of_scores_worked_out_by_hand() -> None:
    """Angles 0, 10 of one subject and 30, 90 of another: genuine 10 and 60, impostor 30, 20, 90, 80 degrees."""
    angles = np.radians([0, 10, 30, 90])
    figures = judge(np.stack([np.cos(angles), np.sin(angles)], 1), np.array([0, 0, 1, 1]))
    # Of the genuine pairs the one of 10 degrees is above all impostors; 30's nearest is 10, of the other subject.
    assert figures["tar@1e-2"] == 0.5
    assert figures["rank1"] == 0.75
    assert figures["eer"] == 0.5


def test_what_is_published_is_a_model_of_the_repository(tmp_path: Path, data: Labelled) -> None:
    projection = fit("lda", data.embeddings, data.subjects, 3, 1)
    options = {"name": "mine", "version": "2", "method": "lda", "normalise": "none", "meta": data.meta}
    target = publish(tmp_path, projection, **options)
    manifest = yaml.safe_load((target / "model.yaml").read_text())
    assert target == tmp_path / "mine" / "2"
    assert manifest["task"] == "projection"
    assert manifest["input"]["space"] == "made-up/0"
    assert manifest["output"] == {"tensor": "projected", "dimension": 3, "normalise": "none"}
    for named in (manifest["artefact"], manifest["input"]["linear"]):
        assert hashlib.sha256((target / named["file"]).read_bytes()).hexdigest() == named["sha256"]
    matrix = np.frombuffer((target / "matrix.f32").read_bytes(), "<f4").reshape(3, 16)
    np.testing.assert_allclose(matrix, projection.matrix, rtol=1e-6)
    with pytest.raises(FileExistsError):
        publish(tmp_path, projection, **options)


def test_a_kernel_has_no_matrix(tmp_path: Path, data: Labelled) -> None:
    projection = fit("kernel-pca", data.embeddings, data.subjects, 3, 1)
    target = publish(
        tmp_path, projection, name="k", version="1", method="kernel-pca", normalise="l2", meta=data.meta
    )
    assert "linear" not in yaml.safe_load((target / "model.yaml").read_text())["input"]
    assert sorted(path.name for path in target.iterdir()) == ["model.onnx", "model.yaml"]


def test_the_report_says_how_far_from_raw(data: Labelled) -> None:
    report = compare(data, [4], [1, 2], ["lda"])
    assert set(report["figures"]) == {"raw", "centred", "lda 4"}
    assert len(report["figures"]["raw"]["eer"]) == 2
    assert "| lda 4 |" in figures_table(report)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="affinis export-tensors"):
        read_labelled(tmp_path)


def test_pixels_are_how_dark_a_picture_is(tmp_path: Path) -> None:
    target = publish_pixels(tmp_path, 2)
    session = onnxruntime.InferenceSession((target / "model.onnx").read_bytes())
    image = np.zeros((1, 3, 2, 2), np.float32)
    image[0, :, 0, 1] = [1, 1, 1]
    image[0, :, 1, 0] = [1, 0.5, 0]
    (pixels,) = session.run(None, {"image": image})
    assert pixels.tolist() == [[1, 0, 0.5, 1]]
