"""What an instance is, as the contract says it."""

from __future__ import annotations

from typing import Any

from affinis.plugin.component import Embedder, Metric, description_of
from affinis.plugin.identity import Identity
from affinis.v1 import embedder_pb2, embedding_pb2, identity_pb2, metric_pb2

_VARIANCE_KINDS = {
    "none": embedding_pb2.VARIANCE_KIND_NONE,
    "scalar": embedding_pb2.VARIANCE_KIND_SCALAR,
    "diagonal": embedding_pb2.VARIANCE_KIND_DIAGONAL,
}
_POLARITIES = {"similarity": identity_pb2.POLARITY_SIMILARITY, "distance": identity_pb2.POLARITY_DISTANCE}


def describe_embedder(embedder: Embedder[Any, Any], identity: Identity) -> embedder_pb2.EmbedderDescription:
    """The same in each process that is configured alike."""
    return embedder_pb2.EmbedderDescription(
        name=embedder.id,
        modality=embedder.modality,
        model=identity_pb2.ModelIdentity(name=embedder.id, version=embedder.version, sha256=identity.sha256),
        dimension=embedder.dimension,
        space=identity.space,
        unit_norm=embedder.unit_norm,
        uncertainty=_VARIANCE_KINDS[embedder.uncertainty],
        variance_id=identity.variance_id,
        licence=embedder.licence,
        availability=identity_pb2.Availability(available=True),
    )


def describe_metric(metric: Metric[Any]) -> metric_pb2.MetricDescription:
    """The same in each process."""
    return metric_pb2.MetricDescription(
        name=metric.id,
        description=description_of(type(metric)),
        unit=metric.unit,
        polarity=_POLARITIES[metric.polarity],
        needs_variance=metric.needs_variance,
    )
