"""Rules L1 to L7 of docs/plugin-contract.md."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from conftest import ENVIRONMENT, TOY, start_toy
from grpc_health.v1 import health_pb2, health_pb2_grpc

from affinis.errors import AffinisError
from affinis.plugin.testing import PluginProcess
from affinis.plugin.v1 import plugin_pb2
from affinis.v1 import embedder_pb2, embedder_pb2_grpc, sample_pb2


def in_flight(plugin: PluginProcess, text: str) -> Any:
    """An Embed that is being answered."""
    odd = plugin.embedder("odd")
    items = [embedder_pb2.EmbedItem(sample=sample_pb2.Sample(text=text))]
    stub = embedder_pb2_grpc.EmbedderStub(plugin.channel)
    call = stub.Embed.future(embedder_pb2.EmbedRequest(embedder="odd", items=items), metadata=odd.metadata)
    # Calls of one connection are taken in order: when this one is answered, the other is at work.
    odd.embed(["another"])
    return call


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Without the environment of a launch."""
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=environment)


def test_l1_binds_the_address_it_is_given_and_no_other(toy: PluginProcess) -> None:
    path = Path(toy.endpoint.removeprefix("unix://"))
    assert path.is_socket()
    ours = {os.readlink(each) for each in Path(f"/proc/{toy.process.pid}/fd").iterdir() if each.is_symlink()}
    listening = [
        line.split()
        for line in Path("/proc/net/unix").read_text().splitlines()[1:]
        if f"socket:[{line.split()[6]}]" in ours and line.split()[3] == "00010000"
    ]
    assert [Path(line[-1]) for line in listening] == [path]
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        lines = Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]
        assert not [line for line in lines if f"socket:[{line.split()[9]}]" in ours]


def test_l1_says_where_it_cannot_bind() -> None:
    with pytest.raises(AffinisError, match="cannot bind AFFINIS_ENDPOINT"):
        start_toy(AFFINIS_ENDPOINT="unix:///no/such/folder/p.sock")


def test_l2_ends_with_standard_input_calls_in_flight_included() -> None:
    plugin = start_toy()
    call = in_flight(plugin, "hang")
    started = time.monotonic()
    assert plugin.process.stdin is not None
    plugin.process.stdin.close()
    plugin.process.wait(timeout=5)
    assert (plugin.process.returncode, call.code()) == (0, grpc.StatusCode.UNAVAILABLE)
    assert time.monotonic() - started < 5
    plugin.process.stdin = None
    plugin.close()


def test_l3_prints_change_no_answer(toy: PluginProcess) -> None:
    [result] = toy.embedder("letters").embed(["abc"])
    assert result.ok


def test_l3_nor_does_a_closed_standard_output() -> None:
    with PluginProcess(["sh", "-c", f"exec {' '.join(TOY)} >&-"], env=ENVIRONMENT) as toy:
        [result] = toy.embedder("letters").embed(["abc"])
        assert result.ok


def test_l4_health(toy: PluginProcess) -> None:
    stub = health_pb2_grpc.HealthStub(toy.channel)
    answer = stub.Check(health_pb2.HealthCheckRequest())  # type: ignore[attr-defined]
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_l5_ends_after_shutdown_and_the_calls_in_flight() -> None:
    plugin = start_toy()
    call = in_flight(plugin, "wait")
    plugin.plugin.Shutdown(plugin_pb2.ShutdownRequest())
    assert call.result(timeout=5).results[0].embedding.dimension == 2
    assert plugin.process.wait(timeout=5) == 0
    plugin.close()


def test_l5_even_where_a_call_hangs() -> None:
    plugin = start_toy()
    in_flight(plugin, "hang")
    plugin.plugin.Shutdown(plugin_pb2.ShutdownRequest())
    assert plugin.process.wait(timeout=5) == 0
    plugin.close()


def test_l6_started_by_a_person_says_what_it_is() -> None:
    ended = run(*TOY)
    assert ended.returncode == 2
    assert "toy is a plugin of Affinis" in ended.stderr
    assert "embedder letters: How often each letter occurs" in ended.stderr
    assert "command: [python3, toy.py]" in ended.stderr


def test_l7_logs_one_line_an_event_at_its_level_and_no_sample() -> None:
    plugin = start_toy(AFFINIS_LOG_LEVEL="error")
    plugin.embedder("odd").embed(["crash", "fine"])
    lines = plugin.close().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("ERROR affinis.plugin: [odd] RuntimeError at ")
    assert "toy.py:" in lines[0]
    assert "crash" not in lines[0]
    assert "secret" not in lines[0]


def test_l7_at_info_it_says_that_it_serves() -> None:
    assert "INFO affinis.plugin: serving toy\n" in start_toy().close()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("serve()", "offers at least one component"),
        ("class A(Metric): pass\nserve(A)", "A.id is missing"),
        ("class A(Metric): id = 'A b'; unit = '1'; polarity = 'distance'\nserve(A)", "is no id"),
        ("class A(Metric): id = 'a'; unit = '1'; polarity = 'up'\nserve(A)", "use one of: similarity, distance"),
        ("class A(Metric): id = 'a'; unit = '1'; polarity = 'distance'\nserve(A)", "neither score nor score_block"),
        ("class A(Metric):\n id = 'a'; unit = '1'; polarity = 'distance'\n score = abs\nserve(A, A)", "rename one"),
    ],
)
def test_wrong_plugins_are_told_at_the_start(body: str, problem: str) -> None:
    code = f"from affinis.plugin import *\n{body}"
    ended = run(sys.executable, "-c", code)
    assert (ended.returncode, problem in ended.stderr) == (1, True)
