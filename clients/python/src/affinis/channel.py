"""A gRPC channel made from a client's settings."""

from __future__ import annotations

import json

import grpc

from affinis.settings import Retry, Settings, Tls

#: Room that a message's other fields may take beside its payload, and retry buffers beside a message.
_SLACK_BYTES = 64 * 1024


def open_channel(settings: Settings) -> grpc.Channel:
    """Connects at the first call."""
    options = _options(settings)
    if settings.tls is None:
        return grpc.insecure_channel(settings.address, options)
    return grpc.secure_channel(settings.address, _credentials(settings.tls), options)


def metadata_of(settings: Settings) -> tuple[tuple[str, str], ...]:
    """What goes with every call."""
    return () if settings.token is None else (("authorization", f"Bearer {settings.token}"),)


def _credentials(tls: Tls) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(tls.root_certificates, tls.private_key, tls.certificate_chain)


def _options(settings: Settings) -> list[tuple[str, str | int]]:
    options: list[tuple[str, str | int]] = [
        ("grpc.max_send_message_length", settings.max_message_bytes),
        ("grpc.max_receive_message_length", settings.max_message_bytes + _SLACK_BYTES),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.per_rpc_retry_buffer_size", settings.max_message_bytes + _SLACK_BYTES),
    ]
    if settings.local:
        options.append(("grpc.enable_http_proxy", 0))
    if settings.tls is not None and settings.tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", settings.tls.server_name))
    if settings.retry is None:
        options.append(("grpc.enable_retries", 0))
    else:
        options.append(("grpc.service_config", _service_config(settings.retry)))
    return options


def _service_config(retry: Retry) -> str:
    """The library itself repeats what failed with UNAVAILABLE. RESOURCE_EXHAUSTED is left to `with_retry`: only some of
    it heals, and only the error's details say which."""
    policy = {
        "maxAttempts": retry.attempts,
        "initialBackoff": f"{retry.initial_backoff_ms / 1000}s",
        "maxBackoff": f"{retry.max_backoff_ms / 1000}s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": policy}]})
