"""How a client connects, waits and repeats."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from affinis.errors import AffinisError

_LOCAL = re.compile(r"unix:|(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$")


@dataclass(frozen=True)
class Tls:
    """Contents of PEM files. Without any, the usual authorities are trusted."""

    root_certificates: bytes | None = None
    #: For servers that ask clients for a certificate: both.
    private_key: bytes | None = None
    certificate_chain: bytes | None = None
    #: Name that the server's certificate must hold, where it is not the address's.
    server_name: str | None = None


@dataclass(frozen=True)
class Retry:
    """How often a call is made in all (2 to 5), and how long is waited in between."""

    attempts: int = 4
    initial_backoff_ms: int = 100
    max_backoff_ms: int = 1000


@dataclass(frozen=True)
class Settings:
    """Everything that a client was made with."""

    address: str
    token: str | None
    tls: Tls | None
    deadline_ms: int
    retry: Retry | None
    max_message_bytes: int
    max_batch_items: int
    #: True for addresses that never leave this machine.
    local: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "local", _LOCAL.match(self.address) is not None)
        if self.token is not None and self.tls is None and not self.local:
            message = f"[client] a token would travel to {self.address} in the clear; set tls"
            raise AffinisError("failed-precondition", message, field="tls", reason="TOKEN_WITHOUT_TLS")

    @property
    def inline_bytes(self) -> int:
        """Bytes of payload that one message may hold; the rest is room for the other fields."""
        return self.max_message_bytes * 3 // 4
