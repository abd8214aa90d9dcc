"""What the bundle does on studies: probabilities a slice and a scan, and the figures of the card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from scipy import optimize

from ..metrics import auc, bootstrap, confusion, expected_calibration_error, haemorrhage_log_loss, youden_threshold
from ..ncct import CLASSES
from .dataset import OF_SOME_KIND, Study, at_network_size, neighbours


#: a class that every validation study separates perfectly would otherwise be marked at any score
LEAST_THRESHOLD = 0.01


@dataclass(frozen=True)
class Reading:
    """One study read by the bundle: logits and truth [t,6], Grad-CAM++ and, where known, mask of the slices, logits of A and B [2,t,6]."""

    logits: np.ndarray
    labels: np.ndarray
    maps: np.ndarray
    mask: np.ndarray | None
    slice_logits: np.ndarray


@dataclass(frozen=True)
class Calibration:
    """probability = 1 / (1 + exp(-(slope * logit + intercept))), class by class."""

    slope: np.ndarray
    intercept: np.ndarray

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(self.slope * logits + self.intercept)))  # type: ignore[no-any-return]


class Reader:
    """The three networks of a bundle folder."""

    def __init__(self, folder: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        files = ("slices-a.onnx", "slices-b.onnx", "sequence.onnx", "sequence-map.onnx")
        self.a, self.b, self.sequence, self.sequence_map = (
            ort.InferenceSession(str(folder / f), options, providers=["CPUExecutionProvider"]) for f in files)

    def read(self, hu: np.ndarray, slice_spacing: float) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Prepared HU [t,p,p] -> sequence logits [t,6], mean Grad-CAM++ of both networks [t,6,8,8], and the parts."""
        triples = neighbours(hu.astype(np.float32))
        outputs = [self.slices(session, triples) for session in (self.a, self.b)]
        logits, features, cams, maps = (np.stack([o[j] for o in outputs]) for j in range(4))
        feeds = {"features": features[None], "logits": logits[None], "spacing": np.array([slice_spacing], np.float32)}
        return self.sequence.run(None, feeds)[0][0], cams.mean(0), {"logits": logits, "features": features, "maps": maps}

    def explain(self, parts: dict[str, np.ndarray], slice_spacing: float, slices: list[int]) -> np.ndarray:
        """The sequence-level map of some slices, [m,6,8,8], from the parts of `read`."""
        t = parts["features"].shape[1]
        return self.sequence_map.run(None, {  # type: ignore[no-any-return]
            "features": parts["features"][None], "logits": parts["logits"][None], "spacing": np.array([slice_spacing], np.float32),
            "slices": np.eye(t, dtype=np.float32)[slices], "maps": parts["maps"][:, slices].transpose(1, 0, 2, 3, 4)})[0]

    def slices(self, session: ort.InferenceSession, triples: np.ndarray) -> list[np.ndarray]:
        """One network over all slices [t,3,p,p]: logits, features, Grad-CAM++, last maps."""
        parts = [session.run(["logits", "features", "gradcampp", "maps"], {"hu": triples[k : k + 8]}) for k in range(0, len(triples), 8)]
        return [np.concatenate([p[j] for p in parts]) for j in range(4)]


def read_study(reader: Reader, study: Study) -> Reading:
    """Reads a prepared study."""
    logits, maps, parts = reader.read(at_network_size(study), study.slice_spacing)
    return Reading(logits, study.labels, maps, study.mask, parts["logits"])


def calibrate(readings: list[Reading]) -> Calibration:
    """Slope and intercept by maximum likelihood on slices, class by class; slopes stay positive."""
    logits, labels = (np.concatenate([getattr(r, name) for r in readings]) for name in ("logits", "labels"))
    slopes, intercepts = [], []
    for k in range(len(CLASSES)):
        def loss(line: np.ndarray, x: np.ndarray = logits[:, k], y: np.ndarray = labels[:, k]) -> float:
            value = np.exp(line[0]) * x + line[1]
            return float(np.logaddexp(0, value).sum() - (y * value).sum() + 0.5 * (line**2).sum())
        best = optimize.minimize(loss, np.zeros(2), method="BFGS").x
        slopes.append(float(np.exp(best[0])))
        intercepts.append(float(best[1]))
    return Calibration(np.array(slopes), np.array(intercepts))


def scan_scores(readings: list[Reading], calibration: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Truth and score [studies,6] of whole scans: the largest probability of any slice."""
    return (np.stack([r.labels.max(0) for r in readings]), np.stack([calibration(r.logits).max(0) for r in readings]))


def choose_thresholds(readings: list[Reading], calibration: Calibration) -> np.ndarray:
    """Per class, the scan score where sensitivity + specificity is largest on validation studies, but at most 0.5 and never next to 0."""
    truth, score = scan_scores(readings, calibration)
    return np.array([np.clip(youden_threshold(truth[:, k], score[:, k]), LEAST_THRESHOLD, 0.5) for k in range(len(CLASSES))])


def measure(readings: list[Reading], calibration: Calibration, thresholds: np.ndarray) -> dict[str, object]:
    """Every figure of the card, slice and scan level, with 95 % intervals over studies."""
    truth, score = scan_scores(readings, calibration)
    slices = np.concatenate([r.labels for r in readings])
    probability = np.concatenate([calibration(r.logits) for r in readings])
    patient = np.concatenate([np.full(len(r.labels), k) for k, r in enumerate(readings)])
    by_class = {}
    for k, name in enumerate(CLASSES):
        t, s = truth[:, k], score[:, k]
        counts = confusion(t, s, float(thresholds[k]))
        by_class[name] = {
            "scans": int(t.sum()), "slices": int(slices[:, k].sum()),
            "scanAuc": finite(auc(t, s)),
            "scanAucInterval": _rounded(bootstrap(lambda rows: auc(t[rows], s[rows]), np.arange(len(t)), 1)),
            "sliceAuc": finite(auc(slices[:, k], probability[:, k])),
            "sliceAucInterval": _rounded(bootstrap(
                lambda rows: auc(slices[rows, k], probability[rows, k]), patient, 1, 200)),
            "sensitivity": finite(counts.sensitivity), "specificity": finite(counts.specificity),
            "f1": finite(counts.f_score()), "averagePrecision": finite(average_precision(t, s)),
            "sensitivityAt90": finite(sensitivity_at(t, s, 0.9)), "pointing": finite(pointing(readings, k))}
    return {"scans": len(readings), "classes": by_class, "logLoss": round(haemorrhage_log_loss(slices, probability), 4),
            "calibrationErrorAny": round(expected_calibration_error(slices[:, 0], probability[:, 0]), 4),
            "epiduralSubdural": mixups(truth, score, thresholds)}


def finite(value: float) -> float | None:
    """Four decimals; nothing where a class has no scans (JSON knows no NaN)."""
    return round(float(value), 4) if np.isfinite(value) else None


def sensitivity_at(truth: np.ndarray, score: np.ndarray, specificity: float) -> float:
    """Share of positives above the score that this share of negatives stays at or below."""
    negative, positive = score[truth == 0], score[truth == 1]
    if len(negative) == 0 or len(positive) == 0:
        return float("nan")
    return float((positive > np.quantile(negative, specificity, method="higher")).mean())


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Mean precision at the rank of each positive."""
    hits = truth[np.argsort(-score, kind="stable")].astype(bool)
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean()) if hits.any() else float("nan")


def mixups(truth: np.ndarray, score: np.ndarray, thresholds: np.ndarray) -> dict[str, int]:
    """Scans with exactly one of epidural and subdural blood, and which of the two the bundle prefers."""
    e, s = CLASSES.index("epidural"), CLASSES.index("subdural")
    prefers = score[:, e] / thresholds[e] > score[:, s] / thresholds[s]
    only_e, only_s = (truth[:, e] == 1) & (truth[:, s] == 0), (truth[:, s] == 1) & (truth[:, e] == 0)
    return {"epiduralScans": int(only_e.sum()), "epiduralTakenForSubdural": int((only_e & ~prefers).sum()),
            "subduralScans": int(only_s.sum()), "subduralTakenForEpidural": int((only_s & prefers).sum())}


def pointing(readings: list[Reading], k: int) -> float:
    """Share of bleeding slices whose strongest cell of the map holds blood of the class (any: of any class); of slices with a mask that tells."""
    hits = []
    for r in readings:
        if r.mask is None:
            continue
        blood = r.mask > 0 if k == 0 else r.mask == k
        cells = r.maps.shape[-1]
        side = blood.shape[-1] // cells
        held = blood[:, : side * cells, : side * cells].reshape(len(blood), cells, side, cells, side).any((2, 4))
        tells = (r.mask != OF_SOME_KIND).all((1, 2)) | (k == 0)
        for t in np.flatnonzero((r.labels[:, k] > 0) & tells):
            strongest = np.unravel_index(int(r.maps[t, k].argmax()), (cells, cells))
            hits.append(bool(held[t][strongest]) and r.maps[t, k].max() > 0)
    return float(np.mean(hits)) if hits else float("nan")


def _rounded(interval: tuple[float, float]) -> list[float | None]:
    return [finite(v) for v in interval]
