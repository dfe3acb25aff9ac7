"""What must hold of fine-tuning, on a made-up model: `tools/train/run.sh test`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper

from finetune.__main__ import check_stage, run, with_stage
from finetune.graph import OPERATIONS, GraphPart, interpolated, state_of
from finetune.settings import METHODS, SMOKE
from finetune.stage import Stage, open_stage
from finetune.synthetic import SIZE, synthetic_inputs, synthetic_model
from finetune.train import fine_tune
from heads.population import population_of
from heads.tensors import Tensors, read_inputs
from heads.train import train_head

OUTPUTS = ("embedding", "features")


@pytest.fixture(scope="module")
def made() -> tuple[Tensors, Stage]:
    data, inputs = synthetic_inputs()
    stage = open_stage(synthetic_model(), "middle", OUTPUTS, inputs, threads=1)
    return with_stage(data, stage), stage


def test_stage_gives_what_the_runtime_gives_of_the_whole_model(made: tuple[Tensors, Stage]) -> None:
    data, stage = made
    session = onnxruntime.InferenceSession(synthetic_model().SerializeToString(), providers=["CPUExecutionProvider"])
    embeddings, features = session.run(list(OUTPUTS), {"data": synthetic_inputs()[1]})
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    np.testing.assert_allclose(data.embeddings, unit, atol=1e-5)
    np.testing.assert_allclose(data.features, features, atol=1e-4)
    assert set(stage.inputs) == {"middle", "early_mean"}
    check_stage(data, stage)
    with pytest.raises(ValueError, match="--features: the stage is"):
        check_stage(replace(data, features=data.features + 1), stage)


def test_weights_are_learned_and_normalisation_is_not(made: tuple[Tensors, Stage]) -> None:
    part = made[1].create()
    assert sorted(part.weights) == ["bias", "full", "second"]
    assert "constant_mean" in part.state_dict()


def test_convolutions_of_every_padding_agree_with_the_runtime() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(2, 4, 7, 7)).astype(np.float32)
    weight = random.normal(size=(4, 2, 3, 3)).astype(np.float32)
    for pads in ([0, 0, 0, 0], [1, 2, 1, 2], [0, 1, 2, 0]):
        given = {"pads": pads, "strides": [2, 1], "group": 2}
        node = helper.make_node("Conv", ["x", "w"], ["y"], **given)
        inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "w")]
        output = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
        graph = helper.make_graph([node], "conv", inputs, [output])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        [wanted] = session.run(["y"], {"x": values, "w": weight})
        found = OPERATIONS["Conv"](given, torch.from_numpy(values), torch.from_numpy(weight))
        np.testing.assert_allclose(found.numpy(), wanted, atol=1e-5)


def test_graphs_that_cannot_be_rebuilt_are_named() -> None:
    model = synthetic_model()
    with pytest.raises(ValueError, match="do not all depend on last; name another"):
        GraphPart(model, "last", ["early_mean", "embedding"])
    next(node for node in model.graph.node if node.op_type == "Max").op_type = "Erf"
    with pytest.raises(ValueError, match="the graph after middle uses Erf; add them to OPERATIONS"):
        GraphPart(model, "middle", ["embedding"])


def test_interpolation_goes_from_old_to_new() -> None:
    old, new = {"w": torch.tensor([0.0, 2.0])}, {"w": torch.tensor([4.0, 0.0])}
    assert interpolated(old, new, 0.25)["w"].tolist() == [1.0, 1.5]
    assert interpolated(old, new, 1)["w"].tolist() == [4.0, 0.0]


def test_loading_weights_between_leaves_the_new_ones_as_they_were(made: tuple[Tensors, Stage]) -> None:
    part = made[1].create()
    old = {name: torch.zeros_like(values) for name, values in part.state_dict().items()}
    new = state_of(part)
    for share in (0.5, 0.5):
        part.load_state_dict(interpolated(old, new, share))
    np.testing.assert_allclose(part.weights["full"].detach(), new["weights.full"] / 2)


@pytest.mark.parametrize("method", METHODS)
def test_tuning_brings_copies_nearer_to_their_clean_samples(made: tuple[Tensors, Stage], method: str) -> None:
    data, stage = made
    samples = data.of(np.arange(80))
    settings = replace(SMOKE, steps=120)
    population = population_of(data.embeddings[samples], data.subjects[samples], settings.heads.variance_floor)
    head = train_head("regression", data, samples, population, settings.heads, seed=1).head
    part = fine_tune(method, stage, data, samples, population, head, settings, seed=1)
    rows = data.rows(samples)
    tuned, _ = stage.embed(part, rows, "test")
    clean = data.embeddings[rows % data.samples]
    before, after = (((each[rows] - clean) ** 2).sum(1).mean() for each in (data.embeddings, tuned))
    assert after < 0.9 * before


def test_smoke_writes_a_report(made: tuple[Tensors, Stage], tmp_path: Path) -> None:
    settings = replace(SMOKE, heads=replace(SMOKE.heads, seeds=(1,), draws=5))
    report = run(settings, *made, tmp_path)
    assert json.loads((tmp_path / "finetune.json").read_text()) == report
    assert "without uncertainty" in (tmp_path / "finetune.md").read_text()


def test_inputs_of_another_model_are_refused(made: tuple[Tensors, Stage], tmp_path: Path) -> None:
    data = replace(made[0], meta={"modelSha256": "0" * 64, "model": "toy@1"})
    model = tmp_path / "model.onnx"
    with pytest.raises(FileNotFoundError, match="export with --inputs"):
        read_inputs(tmp_path, model, data)
    np.save(tmp_path / "inputs.npy", np.zeros((data.copies, data.samples, SIZE, 1, 1), np.float32))
    with pytest.raises(FileNotFoundError, match="name the ONNX file of toy@1"):
        read_inputs(tmp_path, model, data)
    model.write_bytes(b"other")
    with pytest.raises(ValueError, match="sha256 is"):
        read_inputs(tmp_path, model, data)
