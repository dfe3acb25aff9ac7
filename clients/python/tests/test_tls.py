"""The client over TLS, with a certificate of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from affinis import AffinisError, Client, Retry, Tls

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
NAMES = ["-addext", "subjectAltName=DNS:affinis.example"]


def certify(folder: Path, name: str) -> tuple[bytes, bytes]:
    """Key and certificate, which is its own authority."""
    names = ["-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt"]
    subprocess.run(["openssl", "req", "-x509", *KEY, *NAMES, *names], cwd=folder, check=True, capture_output=True)
    return (folder / f"{name}.key").read_bytes(), (folder / f"{name}.crt").read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, tuple[bytes, bytes]]]]:
    """One that asks for the client's certificate: its address, and who there is."""
    folder = tmp_path_factory.mktemp("tls")
    people = {name: certify(folder, name) for name in ("server", "client", "stranger")}
    server = grpc.server(ThreadPoolExecutor(2))
    states = health.HealthServicer()
    states.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    trusted = people["client"][1]
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([people["server"]], trusted, require_client_auth=True)
    )
    server.start()
    yield f"127.0.0.1:{port}", people
    server.stop(0).wait(5)


def ask(address: str, server: tuple[bytes, bytes], client: tuple[bytes, bytes], name: str | None) -> str:
    tls = Tls(root_certificates=server[1], private_key=client[0], certificate_chain=client[1], server_name=name)
    with Client(address, tls=tls, token="t", retry=Retry(attempts=2, initial_backoff_ms=10)) as asking:
        return asking.health()


def test_both_sides_know_each_other(server: tuple[str, dict[str, tuple[bytes, bytes]]]) -> None:
    address, people = server
    assert ask(address, people["server"], people["client"], "affinis.example") == "serving"


@pytest.mark.parametrize(
    ("trusted", "me", "name"),
    [
        ("stranger", "client", "affinis.example"),
        ("server", "stranger", "affinis.example"),
        ("server", "client", None),
    ],
    ids=["a server of another authority", "a client that is not known", "a name that is not in the certificate"],
)
def test_strangers_are_refused(
    server: tuple[str, dict[str, tuple[bytes, bytes]]], trusted: str, me: str, name: str | None
) -> None:
    address, people = server
    with pytest.raises(AffinisError) as thrown:
        ask(address, people[trusted], people[me], name)
    assert thrown.value.code == "unavailable"
