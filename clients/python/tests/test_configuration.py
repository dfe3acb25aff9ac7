"""Rules H1 to H8 of docs/plugin-contract.md."""

from __future__ import annotations

import json

import pytest
from conftest import refused, start_toy

from affinis.errors import AffinisError
from affinis.plugin.testing import PluginProcess
from affinis.plugin.v1 import plugin_pb2

EMBEDDER = plugin_pb2.COMPONENT_KIND_EMBEDDER
METRIC = plugin_pb2.COMPONENT_KIND_METRIC


def handshake(toy: PluginProcess, *versions: int, most: int = 0) -> plugin_pb2.HandshakeResponse:
    return toy.plugin.Handshake(plugin_pb2.HandshakeRequest(protocol_versions=versions, max_message_bytes=most))


def configure(toy: PluginProcess, component_id: str, config_json: str) -> str:
    request = plugin_pb2.ConfigureRequest(kind=EMBEDDER, id=component_id, config_json=config_json)
    return toy.plugin.Configure(request).instance_id


def diagnostics(toy: PluginProcess, config_json: str, component_id: str = "letters") -> dict[str, str]:
    request = plugin_pb2.ValidateConfigRequest(kind=EMBEDDER, id=component_id, config_json=config_json)
    return {each.pointer: each.message for each in toy.plugin.ValidateConfig(request).diagnostics}


def describe(toy: PluginProcess, config_json: str) -> bytes:
    return toy.describe(configure(toy, "letters", config_json)).SerializeToString(deterministic=True)


def space(toy: PluginProcess, **options: object) -> str:
    return toy.describe(configure(toy, "letters", json.dumps(options))).embedder.space


def test_h1_handshake(toy: PluginProcess) -> None:
    answer = handshake(toy, 9, 1, 8)
    assert (answer.protocol_version, answer.name, answer.version) == (1, "toy", "7")
    assert answer.max_message_bytes == 64 * 1024 * 1024
    assert handshake(toy, 1, most=1000).max_message_bytes == 1000
    assert [(each.kind, each.id, each.description) for each in answer.components][::4] == [
        (EMBEDDER, "histogram", "How often each byte occurs."),
        (METRIC, "manhattan", "Sum of absolute differences."),
    ]


def test_h2_no_common_version(toy: PluginProcess) -> None:
    for versions in ((), (2, 3)):
        error = refused(handshake, toy, *versions)
        assert (error.code, error.reason) == ("failed-precondition", "NO_COMMON_VERSION")


def test_h3_ids_are_unique(toy: PluginProcess) -> None:
    keys = [(each.kind, each.id) for each in toy.handshake.components]
    assert len(set(keys)) == len(keys) == 7


def test_h4_schemas(toy: PluginProcess) -> None:
    for component in toy.handshake.components:
        request = plugin_pb2.GetSchemaRequest(kind=component.kind, id=component.id)
        assert json.loads(toy.plugin.GetSchema(request).json_schema)["type"] == "object"
    letters = json.loads(toy.plugin.GetSchema(plugin_pb2.GetSchemaRequest(kind=EMBEDDER, id="letters")).json_schema)
    assert letters["properties"]["scale"] == {
        "description": "Factor of every count",
        "type": "number",
        "minimum": 0.1,
        "maximum": 10,
        "default": 1.0,
    }
    assert letters["properties"]["key"]["writeOnly"] is True
    assert letters["additionalProperties"] is False
    for kind, component_id in ((METRIC, "letters"), (EMBEDDER, "other"), (0, "letters")):
        request = plugin_pb2.GetSchemaRequest(kind=kind, id=component_id)  # type: ignore[arg-type]
        assert refused(toy.plugin.GetSchema, request).code == "not-found"


WRONG = {
    "{": "",
    "[]": "",
    "null": "",
    "7": "",
    '{"scale":0}': "/scale",
    '{"scale":"1"}': "/scale",
    '{"other":1}': "/other",
    '{"a/b~":1}': "/a~1b~0",
    '{"alphabet":""}': "/alphabet",
    '{"words":"no-such-file"}': "/words",
    '{"threads":1.5}': "/threads",
}


@pytest.mark.parametrize(("config_json", "pointer"), WRONG.items())
def test_h5_h6_what_configure_refuses_is_reported(toy: PluginProcess, config_json: str, pointer: str) -> None:
    assert list(diagnostics(toy, config_json)) == [pointer]
    error = refused(configure, toy, "letters", config_json)
    assert (error.code, error.field or "", error.reason) == ("invalid-argument", pointer, "BAD_CONFIGURATION")


def test_h5_all_that_is_wrong_is_reported_and_right_is_nothing(toy: PluginProcess) -> None:
    assert list(diagnostics(toy, '{"x":1,"threads":0,"key":5}')) == ["/threads", "/key", "/x"]
    assert diagnostics(toy, '{"scale":2}') == diagnostics(toy, "") == {}


def test_h5_keeps_nothing() -> None:
    with start_toy() as toy:
        diagnostics(toy, "{}")
        assert configure(toy, "letters", "{}") == "embedder-letters-1"


def test_h6_instances_do_not_disturb_each_other(toy: PluginProcess) -> None:
    one = toy.embedder("letters", {"alphabet": "ab"})
    other = toy.embedder("letters", {"alphabet": "abcd"})
    assert one.metadata != other.metadata
    assert [one.embed(["abcd"])[0].unwrap().embedding.mean.size for _ in range(2)] == [2, 2]
    assert other.embed(["abcd"])[0].unwrap().embedding.mean.size == 4


def test_h6_options_of_metrics_are_required_where_they_have_no_default(toy: PluginProcess) -> None:
    with pytest.raises(AffinisError, match="/factor is missing, and required"):
        toy.metric("overlap")


def test_h7_descriptions_are_the_same_each_time_and_in_each_process(toy: PluginProcess) -> None:
    with start_toy() as other:
        for config_json in ("", '{"scale":2}', '{"alphabet":"ab","threads":2}'):
            assert describe(toy, config_json) == describe(toy, config_json) == describe(other, config_json)


def test_h7_what_moves_embeddings_is_a_space_of_its_own(
    toy: PluginProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = tmp_path_factory.mktemp("words") / "words"
    words.write_text("one")
    plain, first = space(toy), space(toy, words=str(words))
    assert space(toy, threads=4, key="k") == plain == space(toy, scale=1)
    copy = words.with_name("copy")
    copy.write_text("one")
    assert space(toy, words=str(copy)) == first
    words.write_text("two")
    assert len({plain, first, space(toy, words=str(words)), space(toy, scale=2), space(toy, alphabet="ab")}) == 5


def test_h8_after_dispose_an_instance_is_gone(toy: PluginProcess) -> None:
    letters = toy.embedder("letters")
    [(_, instance_id)] = letters.metadata
    for _ in range(2):
        toy.plugin.Dispose(plugin_pb2.DisposeRequest(instance_id=instance_id))
    assert refused(letters.embed, ["abc"]).code == "not-found"
    assert refused(toy.describe, instance_id).code == "not-found"
