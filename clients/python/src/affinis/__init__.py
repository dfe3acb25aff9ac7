"""How alike are these two things? A client for an Affinis server; `affinis.plugin` writes plugins for one."""

from affinis.answers import Decision, EmbedAnswer, EnrollAnswer, IdentifyAnswer, IdentifyDecision, VerifyAnswer
from affinis.client import Client, ServingState
from affinis.embedding import Embedding
from affinis.errors import AffinisError, ErrorCode
from affinis.protocols import Enrolment, Side
from affinis.result import Failure, Result, Success
from affinis.samples import Media, Pcm, RawSample, Sample, Tensor
from affinis.settings import Retry, Tls

__all__ = [
    "AffinisError",
    "Client",
    "Decision",
    "EmbedAnswer",
    "Embedding",
    "EnrollAnswer",
    "Enrolment",
    "ErrorCode",
    "Failure",
    "IdentifyAnswer",
    "IdentifyDecision",
    "Media",
    "Pcm",
    "RawSample",
    "Result",
    "Retry",
    "Sample",
    "ServingState",
    "Side",
    "Success",
    "Tensor",
    "Tls",
    "VerifyAnswer",
]
