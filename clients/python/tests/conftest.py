from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec

import grpc
import pytest

from affinis.errors import AffinisError, error_of_call
from affinis.plugin.testing import PluginProcess

P = ParamSpec("P")

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
ENVIRONMENT = {"PYTHONPATH": str(HERE.parent / "src")}
TOY = [sys.executable, str(HERE / "plugins/toy.py")]


def start_toy(**env: str) -> PluginProcess:
    """A toy plugin of its own."""
    return PluginProcess(TOY, env={**ENVIRONMENT, **env})


@pytest.fixture(scope="session")
def toy() -> Iterator[PluginProcess]:
    """One that tests share which leave it as it is."""
    with start_toy() as plugin:
        yield plugin


def refused(call: Callable[P, object], *args: P.args, **more: P.kwargs) -> AffinisError:
    """What a raw call fails with."""
    with pytest.raises(grpc.RpcError) as thrown:
        call(*args, **more)
    return error_of_call(thrown.value, "the plugin")
