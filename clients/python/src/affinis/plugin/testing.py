"""Starts a plugin as the host does, to try it and to test it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from affinis.answers import EmbedAnswer, embed_result, score_result
from affinis.embedding import Embedding, embedding_to_proto
from affinis.errors import AffinisError, error_of_call
from affinis.plugin.instances import INSTANCE_KEY
from affinis.plugin.plugin_service import MAX_MESSAGE_BYTES, PROTOCOL_VERSIONS
from affinis.plugin.v1 import plugin_pb2, plugin_pb2_grpc
from affinis.result import Result
from affinis.samples import Sample, sample_to_proto
from affinis.v1 import embedder_pb2, embedder_pb2_grpc, metric_pb2, metric_pb2_grpc

_PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
_END_S = 5.0
_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
)


class PluginProcess:
    """A running plugin: `with PluginProcess(["python3", "plugin.py"]) as plugin: …`.

    Raises an AffinisError where it does not come up within `start_s`. At the end of the block its standard input is
    closed, as the host does, and `code` is how it ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: str | Path = ".",
        env: Mapping[str, str] | None = None,
        start_s: float = 30.0,
    ) -> None:
        self.code: int | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="affinis-")
        self.endpoint = f"unix://{self._folder.name}/p.sock"
        self.process = subprocess.Popen(
            command, cwd=cwd, env=self._environment(env or {}), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.channel = grpc.insecure_channel(self.endpoint, _CHANNEL_OPTIONS)
        self.plugin = plugin_pb2_grpc.PluginStub(self.channel)
        try:
            self._await_serving(time.monotonic() + start_s)
            self.handshake = self.plugin.Handshake(
                plugin_pb2.HandshakeRequest(
                    host="affinis.plugin.testing",
                    protocol_versions=PROTOCOL_VERSIONS,
                    max_message_bytes=MAX_MESSAGE_BYTES,
                )
            )
        except BaseException:
            self.close()
            raise

    def embedder(self, component_id: str, options: Mapping[str, Any] | None = None) -> EmbedderInstance:
        """Configures an embedder. Raises `invalid-argument` where its options are wrong."""
        instance_id = self._configure(plugin_pb2.COMPONENT_KIND_EMBEDDER, component_id, options)
        return EmbedderInstance(self, component_id, instance_id)

    def metric(self, component_id: str, options: Mapping[str, Any] | None = None) -> MetricInstance:
        """Configures a metric. Raises `invalid-argument` where its options are wrong."""
        instance_id = self._configure(plugin_pb2.COMPONENT_KIND_METRIC, component_id, options)
        return MetricInstance(self, component_id, instance_id)

    def describe(self, instance_id: str) -> plugin_pb2.DescribeInstanceResponse:
        """What an instance is."""
        return self.plugin.DescribeInstance(plugin_pb2.DescribeInstanceRequest(instance_id=instance_id))

    def close(self) -> str:
        """Ends the process, by force where it must, and gives what it wrote to standard error."""
        self.channel.close()
        try:
            _, log = self.process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, log = self.process.communicate()
        self.code = self.process.returncode
        self._folder.cleanup()
        return log

    def __enter__(self) -> PluginProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        passed_on = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
        own = {
            "AFFINIS_PLUGIN": "1",
            "AFFINIS_ENDPOINT": self.endpoint,
            "AFFINIS_PROTOCOL_VERSIONS": ",".join(map(str, PROTOCOL_VERSIONS)),
            "AFFINIS_LOG_LEVEL": "info",
        }
        return {**passed_on, **own, **more}

    def _await_serving(self, until: float) -> None:
        check = health_pb2_grpc.HealthStub(self.channel).Check  # type: ignore[attr-defined]
        while True:
            try:
                check(health_pb2.HealthCheckRequest(), timeout=0.2, wait_for_ready=True)
                return
            except grpc.RpcError as error:
                if self.process.poll() is not None:
                    message = f"[plugin] the process ended with code {self.process.returncode}: {self.close().strip()}"
                    raise AffinisError("unavailable", message) from error
                if time.monotonic() > until:
                    raise error_of_call(error, self.endpoint) from error

    def _configure(
        self, kind: plugin_pb2.ComponentKind.ValueType, component_id: str, options: Mapping[str, Any] | None
    ) -> str:
        request = plugin_pb2.ConfigureRequest(kind=kind, id=component_id, config_json=json.dumps(options or {}))
        try:
            return self.plugin.Configure(request).instance_id
        except grpc.RpcError as error:
            raise error_of_call(error, self.endpoint) from error


class EmbedderInstance:
    """A configured embedder."""

    def __init__(self, plugin: PluginProcess, component_id: str, instance_id: str) -> None:
        self.component_id = component_id
        self.metadata = ((INSTANCE_KEY, instance_id),)
        self.description = plugin.describe(instance_id).embedder
        self._stub = embedder_pb2_grpc.EmbedderStub(plugin.channel)

    def embed(self, samples: Iterable[Sample]) -> list[Result[EmbedAnswer]]:
        """One result a sample, in order."""
        items = [embedder_pb2.EmbedItem(sample=sample_to_proto(sample)) for sample in samples]
        request = embedder_pb2.EmbedRequest(embedder=self.component_id, items=items)
        return [embed_result(result) for result in self._stub.Embed(request, metadata=self.metadata).results]


class MetricInstance:
    """A configured metric."""

    def __init__(self, plugin: PluginProcess, component_id: str, instance_id: str) -> None:
        self.component_id = component_id
        self.metadata = ((INSTANCE_KEY, instance_id),)
        self.description = plugin.describe(instance_id).metric
        self._stub = metric_pb2_grpc.MetricStub(plugin.channel)

    def score(self, pairs: Iterable[tuple[Embedding, Embedding]]) -> list[Result[float]]:
        """One score a pair, in order."""
        messages = [
            metric_pb2.ScorePair(left=embedding_to_proto(left), right=embedding_to_proto(right))
            for left, right in pairs
        ]
        request = metric_pb2.ScoreRequest(metric=self.component_id, pairs=messages)
        return [score_result(result) for result in self._stub.Score(request, metadata=self.metadata).results]
