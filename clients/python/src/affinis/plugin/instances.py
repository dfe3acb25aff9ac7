"""The configured instances of a plugin's components."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import grpc

from affinis.errors import AffinisError
from affinis.plugin.component import Component

#: Metadata that names the instance of a call.
INSTANCE_KEY = "affinis-instance"

C = TypeVar("C", bound=Component[Any])
D = TypeVar("D")


class Instance(Generic[C, D]):
    """A component as it was configured, with its description; used by one call at a time unless it is `parallel`."""

    def __init__(self, instance_id: str, component: C, description: D) -> None:
        self.id = instance_id
        self.component = component
        self.description = description
        self._turn = threading.Lock()
        self._users = 0
        self._disposed = False
        self._count = threading.Lock()

    @contextmanager
    def used_by(self, context: grpc.ServicerContext) -> Iterator[C]:
        """Waits for its turn, for as long as the call's deadline allows; not closed within the block."""
        with self._count:
            self._users += 1
        try:
            if self.component.parallel:
                yield self.component
                return
            # Without a deadline, centuries are left.
            if not self._turn.acquire(timeout=min(context.time_remaining(), threading.TIMEOUT_MAX)):
                raise AffinisError("deadline-exceeded", "waited for its turn until the deadline; send fewer at once")
            try:
                check_active(context)
                yield self.component
            finally:
                self._turn.release()
        finally:
            self._left()

    def dispose(self) -> None:
        """Closes the component once nothing uses it."""
        with self._count:
            self._users += 1
            self._disposed = True
        self._left()

    def _left(self) -> None:
        with self._count:
            self._users -= 1
            last = self._disposed and self._users == 0
        if last:
            self.component.close()


class Instances(Generic[C, D]):
    """The instances of one kind of component, by id."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._numbers = itertools.count(1)
        self._by_id: dict[str, Instance[C, D]] = {}

    def add(self, component: C, description: D) -> str:
        """Gives it an id that no other instance has had."""
        instance_id = f"{self._kind}-{component.id}-{next(self._numbers)}"
        self._by_id[instance_id] = Instance(instance_id, component, description)
        return instance_id

    def get(self, instance_id: str) -> Instance[C, D] | None:
        """None where there is none of that id."""
        return self._by_id.get(instance_id)

    def of_call(self, context: grpc.ServicerContext, component_id: str) -> Instance[C, D]:
        """The instance that a call names. Raises `not-found` where there is none, or one of another component."""
        metadata = dict(context.invocation_metadata() or ())
        instance_id = metadata.get(INSTANCE_KEY, "")
        instance = self._by_id.get(str(instance_id))
        if instance is None or instance.component.id != component_id:
            message = f'no {self._kind} "{component_id}" has the instance "{instance_id!s}"; call Configure first'
            raise AffinisError("not-found", message, field=INSTANCE_KEY, reason="NO_INSTANCE")
        return instance

    def all(self) -> list[Instance[C, D]]:
        """In the order in which they were made."""
        return list(self._by_id.values())

    def dispose(self, instance_id: str) -> None:
        """No error where there is none."""
        instance = self._by_id.pop(instance_id, None)
        if instance is not None:
            instance.dispose()


def check_active(context: grpc.ServicerContext) -> None:
    """Raises where the caller has gone or its deadline has passed, so that no more work is done for it."""
    if not context.is_active():
        raise AffinisError("cancelled", "the caller no longer waits for the answer")
