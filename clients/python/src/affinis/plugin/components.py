"""The components that a plugin offers, and how one is configured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from affinis.errors import AffinisError
from affinis.plugin.component import Component, Embedder, Metric, Polarity, Uncertainty
from affinis.plugin.configuration import Problem, read_options
from affinis.plugin.guard import Thrown, error_of
from affinis.plugin.options import schema_of
from affinis.plugin.read_embeddings import MOST_DIMENSIONS
from affinis.plugin.v1 import plugin_pb2

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")

if TYPE_CHECKING:
    Kind: TypeAlias = plugin_pb2.ComponentKind.ValueType


def kind_of(component: type[Component[Any]]) -> Kind:
    """Embedder or metric."""
    is_embedder = issubclass(component, Embedder)
    return plugin_pb2.COMPONENT_KIND_EMBEDDER if is_embedder else plugin_pb2.COMPONENT_KIND_METRIC


class Components:
    """By kind and id."""

    def __init__(self, components: tuple[type[Component[Any]], ...]) -> None:
        """Raises `failed-precondition`, for the author, where a component is declared wrongly."""
        if not components:
            raise _wrong("a plugin offers at least one component; call serve(MyEmbedder)")
        self._by_key: dict[tuple[Kind, str], type[Component[Any]]] = {}
        for component in components:
            _check(component)
            key = kind_of(component), component.id
            if key in self._by_key:
                raise _wrong(f'two components of one kind have the id "{component.id}"; rename one')
            self._by_key[key] = component

    def all(self) -> list[type[Component[Any]]]:
        """In the order in which they were given."""
        return list(self._by_key.values())

    def find(self, kind: Kind, component_id: str) -> type[Component[Any]]:
        """Raises `not-found` for what the plugin does not offer."""
        component = self._by_key.get((kind, component_id))
        if component is None:
            ids = ", ".join(component_id for _, component_id in self._by_key)
            raise AffinisError("not-found", f"there is no such component; there are: {ids}", field="id")
        return component


def configure(component: type[Component[Any]], config_json: str) -> Component[Any] | list[Problem]:
    """An instance, or all that is wrong with its configuration."""
    options = read_options(config_json, component.options_type)
    if isinstance(options, list):
        return options
    try:
        instance = component(options)
        if isinstance(instance, Embedder):
            _check_dimension(instance)
        return instance
    except Thrown as thrown:
        error = error_of(thrown, component.id)
        return [Problem(error.field or "", error.message.removeprefix(f"[{component.id}] "))]


def _check(component: type[Component[Any]]) -> None:
    name = component.__name__
    if not issubclass(component, (Embedder, Metric)):
        raise _wrong(f"{name} is neither Embedder nor Metric; derive it from one")
    required = (
        ("id", "version", "licence", "modality") if issubclass(component, Embedder) else ("id", "unit", "polarity")
    )
    for attribute in required:
        if not getattr(component, attribute, ""):
            raise _wrong(f"{name}.{attribute} is missing; set it in the class")
    if not _ID.fullmatch(component.id):
        raise _wrong(f'{name}.id "{component.id}" is no id; use lower-case letters, digits, dots, dashes, underscores')
    if issubclass(component, Embedder):
        own = component.embed is not Embedder.embed or component.embed_batch is not Embedder.embed_batch
        _check_choice(f"{name}.uncertainty", component.uncertainty, get_args(Uncertainty))
    else:
        own = component.score is not Metric.score or component.score_block is not Metric.score_block
        _check_choice(f"{name}.polarity", component.polarity, get_args(Polarity))
    try:
        schema_of(component.options_type)
    except (TypeError, ValueError) as error:
        raise _wrong(f"{name}'s options have no schema: {error}") from error
    if not own:
        methods = "embed nor embed_batch" if issubclass(component, Embedder) else "score nor score_block"
        raise _wrong(f"{name} has neither {methods}; write one of them")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise _wrong(f'{name} is "{value}"; use one of: {", ".join(choices)}')


def _check_dimension(embedder: Embedder[Any, Any]) -> None:
    dimension = getattr(embedder, "dimension", None)
    if not isinstance(dimension, int) or not 1 <= dimension <= MOST_DIMENSIONS:
        raise _wrong(f"{type(embedder).__name__}.dimension is no whole number from 1 to {MOST_DIMENSIONS}; set it")


def _wrong(problem: str) -> AffinisError:
    return AffinisError("failed-precondition", f"[plugin] {problem}", reason="BAD_PLUGIN")
