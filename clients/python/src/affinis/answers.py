"""What a server answers. What needs no decoding stays a message of the contract, as `affinis.v1` has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from google.rpc import status_pb2

from affinis.embedding import Embedding, embedding_from_proto
from affinis.errors import AffinisError, error_of_status
from affinis.result import Failure, Result, Success
from affinis.v1 import embedder_pb2, gallery_pb2, identity_pb2, metric_pb2, sample_info_pb2, similarity_pb2, timings_pb2

Decision = Literal["match", "no_match", "insufficient", "undecided"]
IdentifyDecision = Literal["match", "unknown", "insufficient", "undecided"]

T = TypeVar("T")


@dataclass(frozen=True)
class EmbedAnswer:
    """An embedded sample."""

    embedding: Embedding
    #: What preparation found in the sample.
    info: sample_info_pb2.SampleInfo
    timings: timings_pb2.Timings
    model: identity_pb2.ModelIdentity


@dataclass(frozen=True)
class VerifyAnswer:
    """The answer of one pipeline for two sides."""

    decision: Decision
    #: In the unit of `pipeline.metric`, whose polarity says which way it points.
    score: float
    #: A score at the threshold is a match. None: there is none.
    threshold: float | None
    #: Why the decision is `insufficient`, and what to do. Empty otherwise.
    reason: str
    #: Log-likelihood ratio, probability and false match rate. None where the pipeline is not calibrated.
    calibrated: similarity_pb2.CalibratedScore | None
    pipeline: identity_pb2.PipelineIdentity
    timings: timings_pb2.Timings
    left: Sequence[sample_info_pb2.SampleInfo]
    right: Sequence[sample_info_pb2.SampleInfo]


@dataclass(frozen=True)
class IdentifyAnswer:
    """Whose a probe is, among all templates that were searched."""

    decision: IdentifyDecision
    #: The identity where the decision is `match`; empty otherwise.
    template_id: str
    reason: str
    #: Best first. `search_fmr` bounds the share of strangers that would score this high.
    candidates: Sequence[gallery_pb2.Candidate]
    searched: int
    pipeline: identity_pb2.PipelineIdentity
    timings: timings_pb2.Timings


@dataclass(frozen=True)
class EnrollAnswer:
    """What is enrolled now."""

    template: gallery_pb2.Template
    #: True where it is a new template.
    created: bool


def embed_result(message: embedder_pb2.EmbedResult) -> Result[EmbedAnswer]:
    return _result(
        message.status,
        lambda: EmbedAnswer(
            embedding=embedding_from_proto(message.embedding, "embedding"),
            info=message.info,
            timings=message.timings,
            model=message.model,
        ),
    )


def score_result(message: metric_pb2.ScoreResult) -> Result[float]:
    return _result(message.status, lambda: message.score)


def verify_result(message: similarity_pb2.VerifyResult | similarity_pb2.PipelineResult) -> Result[VerifyAnswer]:
    return _result(message.status, lambda: _verify_answer(message))


def compare_result(message: similarity_pb2.CompareResult) -> Result[dict[str, Result[VerifyAnswer]]]:
    return _result(message.status, lambda: {each.pipeline: verify_result(each) for each in message.results})


def identify_result(message: gallery_pb2.IdentifyResult) -> Result[IdentifyAnswer]:
    name = gallery_pb2.IdentifyDecision.Name(message.decision).removeprefix("IDENTIFY_DECISION_").lower()
    return _result(
        message.status,
        lambda: IdentifyAnswer(
            decision=cast("IdentifyDecision", name),
            template_id=message.template_id,
            reason=message.reason,
            candidates=message.candidates,
            searched=message.searched,
            pipeline=message.pipeline,
            timings=message.timings,
        ),
    )


def enroll_result(message: gallery_pb2.EnrollResult) -> Result[EnrollAnswer]:
    return _result(message.status, lambda: EnrollAnswer(template=message.template, created=message.created))


def template_result(message: gallery_pb2.TemplateResult) -> Result[gallery_pb2.Template]:
    return _result(message.status, lambda: message.template)


def _verify_answer(message: similarity_pb2.VerifyResult | similarity_pb2.PipelineResult) -> VerifyAnswer:
    comparison = message.comparison
    name = similarity_pb2.Decision.Name(comparison.decision).removeprefix("DECISION_").lower()
    return VerifyAnswer(
        decision=cast("Decision", name),
        score=comparison.score,
        threshold=comparison.threshold if comparison.HasField("threshold") else None,
        reason=comparison.reason,
        calibrated=comparison.calibrated if comparison.HasField("calibrated") else None,
        pipeline=comparison.pipeline,
        timings=message.timings,
        left=message.left.samples,
        right=message.right.samples,
    )


def _result(status: status_pb2.Status, read: Callable[[], T]) -> Result[T]:
    error = error_of_status(status)
    if error is not None:
        return Failure(error)
    try:
        return Success(read())
    except AffinisError as unreadable:
        return Failure(unreadable)
