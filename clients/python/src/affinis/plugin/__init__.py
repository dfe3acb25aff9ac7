"""Write an embedder or a metric for Affinis: a class, and `serve(MyClass)`.

docs/write-an-embedder-in-python.md shows how.
"""

from affinis.plugin.component import Block, Embedder, Gaussian, Metric
from affinis.plugin.errors import InvalidOption, InvalidSample, reading
from affinis.plugin.options import Options, file, option, secret
from affinis.plugin.serve import serve
from affinis.samples import Media, Pcm, RawSample, Tensor

__all__ = [
    "Block",
    "Embedder",
    "Gaussian",
    "InvalidOption",
    "InvalidSample",
    "Media",
    "Metric",
    "Options",
    "Pcm",
    "RawSample",
    "Tensor",
    "file",
    "option",
    "reading",
    "secret",
    "serve",
]
