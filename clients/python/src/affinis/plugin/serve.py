"""Serves a plugin to the host that started this process."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from affinis.errors import AffinisError
from affinis.plugin.component import Component, Embedder, description_of
from affinis.plugin.components import Components
from affinis.plugin.embedder_service import EmbedderInstances, EmbedderService
from affinis.plugin.instances import Instances
from affinis.plugin.logs import log_to_stderr
from affinis.plugin.metric_service import MetricInstances, MetricService
from affinis.plugin.plugin_service import MAX_MESSAGE_BYTES, PluginService
from affinis.plugin.v1 import plugin_pb2_grpc
from affinis.v1 import embedder_pb2_grpc, metric_pb2_grpc

#: Calls that wait for their turn hold a thread each; health and the like must not wait behind them.
_THREADS = 64
#: What calls in flight are given after `Shutdown`, in seconds; the contract ends the process after five.
_GRACE_S = 4.0

log = logging.getLogger("affinis.plugin")


def serve(*components: type[Component[Any]], name: str = "", version: str = "") -> NoReturn:
    """Serves the components until the host is done, and ends the process. Call it last.

    `name` and `version` are the plugin's, by default the id and version of the first component.
    """
    try:
        offered = Components(components)
    except AffinisError as error:
        sys.exit(str(error))
    first = offered.all()[0]
    name, version = name or first.id, version or getattr(first, "version", "0")
    if os.environ.get("AFFINIS_PLUGIN") != "1":
        print(_usage(name, offered), file=sys.stderr)
        sys.exit(2)
    log_to_stderr(os.environ.get("AFFINIS_LOG_LEVEL", "info"))
    # A Ctrl-C in the host's terminal reaches this process too; the host ends it when it has finished its calls.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _exit_after(*_start(name, version, offered, os.environ.get("AFFINIS_ENDPOINT", "")))


class _End:
    """Why and how the process is to end."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._grace_s = 0.0

    def ask(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._asked.set()

    def wait(self) -> float:
        """Seconds that calls in flight are given."""
        self._asked.wait()
        return self._grace_s


def _start(name: str, version: str, components: Components, endpoint: str) -> tuple[grpc.Server, _End]:
    limits = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(_THREADS, "affinis"), options=limits)
    embedders: EmbedderInstances = Instances("embedder")
    metrics: MetricInstances = Instances("metric")
    end = _End()
    plugin = PluginService(name, version, components, embedders, metrics, lambda: end.ask(_GRACE_S))
    plugin_pb2_grpc.add_PluginServicer_to_server(plugin, server)
    embedder_pb2_grpc.add_EmbedderServicer_to_server(EmbedderService(embedders), server)
    metric_pb2_grpc.add_MetricServicer_to_server(MetricService(metrics), server)
    states = health.HealthServicer()
    states.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    try:
        server.add_insecure_port(endpoint)
    except RuntimeError:
        sys.exit(f'[{name}] cannot bind AFFINIS_ENDPOINT "{endpoint}"; it is unix:///PATH, in a folder that is there')
    server.start()
    threading.Thread(target=_watch_lifeline, args=(end,), name="affinis-lifeline", daemon=True).start()
    log.info("serving %s", name)
    return server, end


def _watch_lifeline(end: _End) -> None:
    """The host holds the other end of standard input; when it is gone, nobody waits for an answer."""
    try:
        while os.read(sys.stdin.fileno(), 65_536):
            pass
    except (OSError, ValueError, AttributeError):
        pass
    end.ask(0)


def _exit_after(server: grpc.Server, end: _End) -> NoReturn:
    grace_s = end.wait()
    server.stop(grace_s).wait(grace_s + 0.5)
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit, which would wait for a call that hangs.
    os._exit(0)


def _usage(name: str, components: Components) -> str:
    offered = "\n".join(
        f"  {'embedder' if issubclass(each, Embedder) else 'metric'} {each.id}: {description_of(each)}"
        for each in components.all()
    )
    script = os.path.basename(sys.argv[0])
    return (
        f"{name} is a plugin of Affinis, which starts it by itself. It offers:\n{offered}\n"
        f"Name it in affinis.yaml:\n  plugins:\n    - {{ name: {name}, command: [python3, {script}] }}"
    )
