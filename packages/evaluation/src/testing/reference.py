"""Recomputes the figures of reference.json from its inputs, by other people's code.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 lir==1.3.1
    python reference.py FOLDER_OF_DEVELOPMENT_DATA > new.json && mv new.json reference.json
"""

import csv
import io
import json
import pathlib
import sys
import types
import zipfile

import numpy as np
from lir.metrics import cllr, cllr_min
from lir.data.models import LLRData
from scipy.stats import beta, binomtest, pearsonr, spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve

here = pathlib.Path(__file__).parent
data = pathlib.Path(sys.argv[1]) / "reference"


def logistic(features, same, prior=0.5):
    """Unregularised, both classes weighed by the prior: the offset is that of a log-likelihood ratio."""
    x = np.column_stack(features)
    mean, deviation = x.mean(0), x.std(0)
    weight = np.where(same == 1, prior / (same == 1).sum(), (1 - prior) / (same == 0).sum()) * len(same)
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fit.fit((x - mean) / deviation, same, sample_weight=weight)
    slopes = fit.coef_[0] / deviation
    return {"slopes": list(slopes), "offset": fit.intercept_[0] - slopes @ mean - np.log(prior / (1 - prior))}


def llr_data(ratios, same):
    return LLRData(features=np.asarray(ratios, float) / np.log(10), labels=np.asarray(same, int))


def figures(scores, same):
    scores, same = np.asarray(scores, float), np.asarray(same, int)
    fpr, tpr, _ = roc_curve(same, scores, drop_intermediate=False)
    gap = fpr - (1 - tpr)
    at = np.where(gap >= 0)[0][0]
    share = -gap[at - 1] / (gap[at] - gap[at - 1])
    fit = logistic([scores], same)
    return {
        "auc": roc_auc_score(same, scores),
        "eer": fpr[at - 1] + share * (fpr[at] - fpr[at - 1]),
        "tarAt10": tpr[fpr <= 0.1].max(),
        "tarAt1": tpr[fpr <= 0.01].max(),
        "slope": fit["slopes"][0],
        "offset": fit["offset"],
        "cllr": cllr(llr_data(scores, same)),
        "minCllr": cllr_min(llr_data(scores, same)),
        "fittedCllr": cllr(llr_data(fit["offset"] + fit["slopes"][0] * scores, same)),
    }


def bob_scores(name):
    with zipfile.ZipFile(data / "bob-measure-scores.zip") as archive:
        rows = np.loadtxt(io.BytesIO(archive.read(f"bob-measure/{name}")))
    rows = rows[np.isfinite(rows[:, 1])]
    return rows[:, 1], (rows[:, 0] == 1).astype(int)


def bob_doubles(name):
    """The 50 float64 at the end of a small HDF5 file without chunks."""
    with zipfile.ZipFile(data / "bob-measure-scores.zip") as archive:
        return np.frombuffer(archive.read(f"bob-measure/{name}.hdf5"), "<f8", 50, 2144)


def nonsep():
    positives, negatives = bob_doubles("nonsep-positives"), bob_doubles("nonsep-negatives")
    return np.concatenate([positives, negatives]), np.repeat([1, 0], 50)


def lfw():
    """By recipes/common.py of the development data's folder."""
    sys.path.insert(0, str(data.parent.parent / "recipes"))
    sys.modules.setdefault("onnxruntime", types.ModuleType("onnxruntime"))  # common.py imports it for other things
    from common import eer, fold_acc

    with open(data / "lfw_pair_scores_dev.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    scores = [float(row["mobileface_V2_rgb_raw"]) for row in rows]
    same = [int(row["same"]) for row in rows]
    accuracy, deviation = fold_acc(scores, same, [int(row["fold"]) for row in rows])
    return {"eer": eer(scores, same), "accuracy": accuracy, "deviation": deviation}


old = json.loads((here / "reference.json").read_text())
same = np.array(old["same"])
random = np.random.default_rng(11)
uncertainties = old.get("uncertainties") or {
    side: np.round(random.normal(-6, 1, len(same)), 2).tolist() for side in ("left", "right")
}
left, right = (np.array(uncertainties[side]) for side in ("left", "right"))
pairs = {key: old["pairs"][key] for key in "ab"}
print(
    json.dumps(
        {
            "madeBy": "reference.py beside this file: scikit-learn 1.9.1 (roc_curve, roc_auc_score, LogisticRegression without"
            " penalty), lir 1.3.1 (cllr, cllr_min), scipy 1.17.1 (pearsonr, spearmanr, beta, binomtest); inputs drawn by numpy",
            "scores": old["scores"],
            "same": old["same"],
            "uncertainties": uncertainties,
            **figures(old["scores"], same),
            "rarePrior": {"prior": 0.01, **logistic([np.array(old["scores"])], same, 0.01)},
            "quality": logistic([np.array(old["scores"]), left + right, abs(left - right)], same),
            "pairs": {
                **pairs,
                "pearson": pearsonr(pairs["a"], pairs["b"]).statistic,
                "spearman": spearmanr(pairs["a"], pairs["b"]).statistic,
            },
            "upper": [[k, n, beta.ppf(0.95, k + 1, n - k)] for k, n, _ in old["upper"]],
            "signTest": [[k, n, binomtest(k, k + n).pvalue] for k, n in [(3, 12), (0, 9), (7, 7), (150, 230)]],
            "bobDev1": figures(*bob_scores("dev-1.txt")),
            "bobNonsepMinCllr": cllr_min(llr_data(*nonsep())),
            "lfw": lfw(),
        },
        indent=1,
    )
)
