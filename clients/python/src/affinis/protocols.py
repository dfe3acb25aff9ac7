"""Embed, Verify, Compare and Enroll, each as one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Union, cast

from google.protobuf.timestamp_pb2 import Timestamp

from affinis.answers import (
    EmbedAnswer,
    EnrollAnswer,
    VerifyAnswer,
    compare_result,
    embed_result,
    enroll_result,
    verify_result,
)
from affinis.ask import Protocol
from affinis.errors import AffinisError
from affinis.result import Result
from affinis.samples import Sample, sample_to_proto
from affinis.v1 import (
    embedder_pb2,
    embedder_pb2_grpc,
    gallery_pb2,
    gallery_pb2_grpc,
    sample_pb2,
    similarity_pb2,
    similarity_pb2_grpc,
)

#: One or more samples of one identity; several are fused.
Side = Union[Sample, Sequence[Sample]]

_MODES = {
    "add": gallery_pb2.ENROLL_MODE_ADD,
    "replace": gallery_pb2.ENROLL_MODE_REPLACE,
    "create": gallery_pb2.ENROLL_MODE_CREATE,
}


@dataclass(frozen=True)
class Enrolment:
    """Samples of one identity, to keep under its id."""

    template_id: str
    samples: Side
    #: To filter or classify by: at most 16 pairs.
    metadata: Mapping[str, str] = field(default_factory=dict)
    consent_at: datetime | None = None
    #: From then on the template is never returned.
    expires_at: datetime | None = None
    #: `add` to what is there or begin anew, `replace` what is there, or only `create`.
    mode: Literal["add", "replace", "create"] = "add"


def embed_protocol(stub: embedder_pb2_grpc.EmbedderStub, embedder: str) -> Protocol[Sample, EmbedAnswer]:
    def message(item_id: str, sample: Sample) -> embedder_pb2.EmbedItem:
        return embedder_pb2.EmbedItem(id=item_id, sample=sample_to_proto(sample))

    return Protocol(
        message=message,
        batch=stub.Embed,
        batch_request=lambda items: embedder_pb2.EmbedRequest(embedder=embedder, items=items),
        stream=stub.EmbedStream,
        stream_request=embedder_pb2.EmbedStreamRequest,
        start=embedder_pb2.EmbedStart(embedder=embedder),
        read=embed_result,
    )


def verify_protocol(
    stub: similarity_pb2_grpc.SimilarityStub, pipeline: str
) -> Protocol[tuple[Side, Side], VerifyAnswer]:
    return Protocol(
        message=_verify_item,
        batch=stub.Verify,
        batch_request=lambda items: similarity_pb2.VerifyRequest(pipeline=pipeline, items=items),
        stream=stub.VerifyStream,
        stream_request=similarity_pb2.VerifyStreamRequest,
        start=similarity_pb2.VerifyStart(pipeline=pipeline),
        read=verify_result,
    )


def compare_protocol(
    stub: similarity_pb2_grpc.SimilarityStub, pipelines: Sequence[str]
) -> Protocol[tuple[Side, Side], dict[str, Result[VerifyAnswer]]]:
    return Protocol(
        message=_verify_item,
        batch=stub.Compare,
        batch_request=lambda items: similarity_pb2.CompareRequest(pipelines=pipelines, items=items),
        stream=stub.CompareStream,
        stream_request=similarity_pb2.CompareStreamRequest,
        start=similarity_pb2.CompareStart(pipelines=pipelines),
        read=compare_result,
    )


def enroll_protocol(
    stub: gallery_pb2_grpc.GalleryStub, gallery: str, pipeline: str
) -> Protocol[Enrolment, EnrollAnswer]:
    return Protocol(
        message=_enroll_item,
        batch=stub.Enroll,
        batch_request=lambda items: gallery_pb2.EnrollRequest(gallery=gallery, pipeline=pipeline, items=items),
        stream=stub.EnrollStream,
        stream_request=gallery_pb2.EnrollStreamRequest,
        start=gallery_pb2.EnrollStart(gallery=gallery, pipeline=pipeline),
        read=enroll_result,
    )


def samples_of(side: Side) -> list[Sample]:
    """The samples of a side, which may be a single one."""
    return list(side) if isinstance(side, (list, tuple)) else [cast("Sample", side)]


def samples_to_proto(side: Side, field: str) -> list[sample_pb2.Sample]:
    """Ready to send. Raises under the path of the sample that cannot be sent."""
    messages = []
    for index, sample in enumerate(samples_of(side)):
        try:
            messages.append(sample_to_proto(sample))
        except AffinisError as error:
            raise error.at(f"{field}[{index}]") from error
    return messages


def _verify_item(item_id: str, sides: tuple[Side, Side]) -> similarity_pb2.VerifyItem:
    left, right = sides
    return similarity_pb2.VerifyItem(
        id=item_id,
        left=similarity_pb2.Side(samples=samples_to_proto(left, "left.samples")),
        right=similarity_pb2.Side(samples=samples_to_proto(right, "right.samples")),
    )


def _enroll_item(item_id: str, enrolment: Enrolment) -> gallery_pb2.EnrollItem:
    return gallery_pb2.EnrollItem(
        id=item_id,
        template_id=enrolment.template_id,
        samples=samples_to_proto(enrolment.samples, "samples"),
        metadata=enrolment.metadata,
        consent_at=_timestamp(enrolment.consent_at),
        expires_at=_timestamp(enrolment.expires_at),
        mode=_MODES[enrolment.mode],
    )


def _timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
