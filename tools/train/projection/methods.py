"""How projections are learned: scikit-learn's and metric-learn's estimators, each as the map that it comes to."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from metric_learn import ITML_Supervised
from sklearn.decomposition import PCA, KernelPCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NeighborhoodComponentsAnalysis

METHODS = ("pca", "lda", "nca", "itml", "kernel-pca")


@dataclass(frozen=True)
class Linear:
    """`x -> matrix (x - origin)`"""

    origin: np.ndarray
    """float64[D]"""
    matrix: np.ndarray
    """float64[P, D]"""

    def apply(self, x: np.ndarray) -> np.ndarray:
        return (x - self.origin) @ self.matrix.T


@dataclass(frozen=True)
class Kernel:
    """`x -> weights^T exp(-gamma |x - support|^2) + offset`: kernel PCA with its centring folded into the offset."""

    support: np.ndarray
    """float64[S, D]"""
    gamma: float
    weights: np.ndarray
    """float64[S, P]"""
    offset: np.ndarray
    """float64[P]"""

    def apply(self, x: np.ndarray) -> np.ndarray:
        squares = (x**2).sum(1)[:, None] + (self.support**2).sum(1) - 2 * x @ self.support.T
        return np.exp(-self.gamma * np.maximum(squares, 0)) @ self.weights + self.offset


def fit(
    method: str, x: np.ndarray, subjects: np.ndarray, dimension: int, seed: int, components: int | None = None
) -> Linear | Kernel:
    """x: float64[N, D]. `dimension` is the largest P; a method may give fewer. What knows labels starts from as many
    whitened principal components as `components` says, by default `dimension`. Raises ValueError."""
    if method not in METHODS:
        raise ValueError(f"{method}: is none of {', '.join(METHODS)}")
    if method == "kernel-pca":
        return _kernel_pca(x, dimension, seed)
    first = _pca(x, dimension if method == "pca" else components or dimension, seed)
    if method == "pca":
        return first
    with warnings.catch_warnings():
        # metric-learn uses a parameter that scikit-learn has renamed, and says where it finds few constraints.
        warnings.simplefilter("ignore")
        learned = {"lda": _lda, "nca": _nca, "itml": _itml}[method](first.apply(x), subjects, dimension, seed)
    return Linear(first.origin, learned @ first.matrix)


def _pca(x: np.ndarray, dimension: int, seed: int) -> Linear:
    """Whitened: every axis that is kept counts alike."""
    model = PCA(_most(x, dimension), whiten=True, random_state=seed).fit(x)
    return Linear(model.mean_, model.components_ / np.sqrt(model.explained_variance_)[:, None])


def _lda(x: np.ndarray, subjects: np.ndarray, dimension: int, seed: int) -> np.ndarray:
    """Fisher's, with Ledoit and Wolf's shrinkage of the covariance within, which few samples a subject need."""
    axes = min(dimension, len(np.unique(subjects)) - 1, x.shape[1])
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", n_components=axes).fit(x, subjects)
    return model.scalings_[:, :axes].T


def _nca(x: np.ndarray, subjects: np.ndarray, dimension: int, seed: int) -> np.ndarray:
    """Goldberger et al., NIPS 2004. Scaled so that squared distances are about 1, where its softmax has a slope."""
    axes = min(dimension, x.shape[1])
    model = NeighborhoodComponentsAnalysis(axes, init="auto", max_iter=50, random_state=seed)
    return model.fit(x / np.sqrt(x.shape[1]), subjects).components_


def _itml(x: np.ndarray, subjects: np.ndarray, dimension: int, seed: int) -> np.ndarray:
    """Davis et al., ICML 2007, whose prior, the identity, is a distance that whitening makes sense of. Keeps all axes."""
    model = ITML_Supervised(n_constraints=10 * len(np.unique(subjects)), max_iter=200, random_state=seed)
    return model.fit(x, subjects).components_


def _kernel_pca(x: np.ndarray, dimension: int, seed: int, most: int = 1000) -> Kernel:
    """Schoelkopf et al. 1998, Gaussian kernel as wide as the median distance, whitened; of at most 1,000 samples."""
    random = np.random.default_rng(seed)
    support = x[np.sort(random.permutation(len(x))[:most])]
    gamma = 1 / float(np.median(_squares(support)[np.triu_indices(len(support), 1)]))
    axes = min(dimension, len(support) - 1)
    model = KernelPCA(axes, kernel="rbf", gamma=gamma, random_state=seed, eigen_solver="dense").fit(support)
    kept = model.eigenvalues_ > 1e-9 * model.eigenvalues_[0]
    # A transformed sample is the centred kernel times v / sqrt(eigenvalue); sqrt(S / eigenvalue) more whitens.
    weights = model.eigenvectors_[:, kept] / model.eigenvalues_[kept] * np.sqrt(len(support))
    rows, total = model._centerer.K_fit_rows_, model._centerer.K_fit_all_
    # Centring: k - mean(k) - rows + total, and the weights of each axis need not sum to 0 by rounding alone.
    centred = weights - weights.mean(0)
    return Kernel(support, gamma, centred, (total - rows) @ weights)


def _squares(x: np.ndarray) -> np.ndarray:
    norms = (x**2).sum(1)
    return np.maximum(norms[:, None] + norms - 2 * x @ x.T, 0)


def _most(x: np.ndarray, dimension: int) -> int:
    """Axes along which the samples vary at all: an embedder may have dead dimensions."""
    rank = int(np.linalg.matrix_rank(x - x.mean(0), tol=1e-6 * np.abs(x).max() * np.sqrt(len(x))))
    return max(1, min(dimension, rank))
