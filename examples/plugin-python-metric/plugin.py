"""Scores embeddings by a Mahalanobis distance that learn.py has learned."""

from typing import Annotated

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from affinis import AffinisError
from affinis.plugin import Block, InvalidOption, Metric, Options, file, serve


class LearnedOptions(Options):
    factor: Annotated[str, file("What learn.py wrote")]


class Learned(Metric[LearnedOptions]):
    """Mahalanobis distance: |L (a - b)|, with a factor L learned from labelled embeddings."""

    id = "learned"
    unit = "distance, 0.."
    polarity = "distance"
    parallel = True

    def __init__(self, options: LearnedOptions) -> None:
        super().__init__(options)
        try:
            with np.load(options.factor, allow_pickle=False) as learned:
                self._factor = learned["factor"].astype(np.float64)
                self._space = str(learned["space"])
        except (OSError, TypeError, ValueError, KeyError, EOFError):
            raise InvalidOption("factor", "is no file of learn.py; run it again") from None

    def score_block(self, queries: Block, references: Block) -> npt.NDArray[np.float64]:
        # What was learned of one space means nothing in another.
        if queries.space != self._space:
            problem = f"learned in space {self._space}; embed with that embedder, or run learn.py for this one"
            raise AffinisError("failed-precondition", problem, reason="TWO_SPACES")
        distances: npt.NDArray[np.float64] = cdist(queries.means @ self._factor.T, references.means @ self._factor.T)
        return distances


serve(Learned)
