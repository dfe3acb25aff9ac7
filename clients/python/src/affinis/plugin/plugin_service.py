"""`affinis.plugin.v1.Plugin`: the life of a plugin's instances."""

from __future__ import annotations

import json
from collections.abc import Callable

import grpc

from affinis.errors import AffinisError
from affinis.plugin.component import Embedder, Metric, description_of
from affinis.plugin.components import Components, configure, kind_of
from affinis.plugin.describe import describe_embedder, describe_metric
from affinis.plugin.embedder_service import EmbedderInstances
from affinis.plugin.guard import answered
from affinis.plugin.identity import identity_of
from affinis.plugin.metric_service import MetricInstances
from affinis.plugin.options import schema_of
from affinis.plugin.v1 import plugin_pb2, plugin_pb2_grpc

PROTOCOL_VERSIONS = (1,)
#: Largest message that is sent or taken.
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class PluginService(plugin_pb2_grpc.PluginServicer):
    """Answers for the plugin as a whole, and makes and gives up instances."""

    def __init__(
        self,
        name: str,
        version: str,
        components: Components,
        embedders: EmbedderInstances,
        metrics: MetricInstances,
        shut_down: Callable[[], None],
    ) -> None:
        self._name = name
        self._version = version
        self._components = components
        self._embedders = embedders
        self._metrics = metrics
        self._shut_down = shut_down

    @answered("plugin")
    def Handshake(
        self, request: plugin_pb2.HandshakeRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.HandshakeResponse:
        """The highest version that both speak."""
        common = [version for version in request.protocol_versions if version in PROTOCOL_VERSIONS]
        if not common:
            problem = f"speaks protocol version {', '.join(map(str, PROTOCOL_VERSIONS))} and the caller does not"
            message = f"{self._name} {problem}; use a plugin and a host of one version"
            raise AffinisError("failed-precondition", message, field="protocol_versions", reason="NO_COMMON_VERSION")
        return plugin_pb2.HandshakeResponse(
            protocol_version=max(common),
            name=self._name,
            version=self._version,
            max_message_bytes=min(request.max_message_bytes or MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES),
            components=[
                plugin_pb2.Component(kind=kind_of(each), id=each.id, description=description_of(each))
                for each in self._components.all()
            ],
        )

    @answered("plugin")
    def GetSchema(
        self, request: plugin_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.GetSchemaResponse:
        """Of a component's options."""
        component = self._components.find(request.kind, request.id)
        return plugin_pb2.GetSchemaResponse(json_schema=json.dumps(schema_of(component.options_type)))

    @answered("plugin")
    def ValidateConfig(
        self, request: plugin_pb2.ValidateConfigRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.ValidateConfigResponse:
        """Makes an instance as `Configure` would, and gives it up."""
        made = configure(self._components.find(request.kind, request.id), request.config_json)
        if not isinstance(made, list):
            made.close()
            return plugin_pb2.ValidateConfigResponse()
        diagnostics = [plugin_pb2.Diagnostic(pointer=each.pointer, message=each.message) for each in made]
        return plugin_pb2.ValidateConfigResponse(diagnostics=diagnostics)

    @answered("plugin")
    def Configure(
        self, request: plugin_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.ConfigureResponse:
        """Makes an instance and keeps it."""
        made = configure(self._components.find(request.kind, request.id), request.config_json)
        if isinstance(made, list):
            text = "; ".join(f"{each.pointer or 'the configuration'} {each.message}" for each in made)
            message = f"[{request.id}] {text}"
            raise AffinisError("invalid-argument", message, field=made[0].pointer, reason="BAD_CONFIGURATION")
        if isinstance(made, Embedder):
            identity = identity_of(made)
            instance_id = self._embedders.add(made, (describe_embedder(made, identity), identity))
        elif isinstance(made, Metric):
            instance_id = self._metrics.add(made, describe_metric(made))
        return plugin_pb2.ConfigureResponse(instance_id=instance_id)

    @answered("plugin")
    def DescribeInstance(
        self, request: plugin_pb2.DescribeInstanceRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.DescribeInstanceResponse:
        """As it was when it was made."""
        embedder = self._embedders.get(request.instance_id)
        if embedder is not None:
            return plugin_pb2.DescribeInstanceResponse(embedder=embedder.description[0])
        metric = self._metrics.get(request.instance_id)
        if metric is not None:
            return plugin_pb2.DescribeInstanceResponse(metric=metric.description)
        message = f'there is no instance "{request.instance_id}"; call Configure first'
        raise AffinisError("not-found", message, field="instance_id", reason="NO_INSTANCE")

    @answered("plugin")
    def Dispose(self, request: plugin_pb2.DisposeRequest, context: grpc.ServicerContext) -> plugin_pb2.DisposeResponse:
        """No error where there is no such instance."""
        self._embedders.dispose(request.instance_id)
        self._metrics.dispose(request.instance_id)
        return plugin_pb2.DisposeResponse()

    @answered("plugin")
    def Shutdown(
        self, request: plugin_pb2.ShutdownRequest, context: grpc.ServicerContext
    ) -> plugin_pb2.ShutdownResponse:
        """Calls in flight are finished, and the process exits."""
        self._shut_down()
        return plugin_pb2.ShutdownResponse()
