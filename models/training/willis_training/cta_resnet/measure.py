"""The figures of system 000 on candidates: by cross-validation and on unseen phantoms, ablation, calibration, Grad-CAM overlap."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch.nn import functional

from ..metrics import (auc, bootstrap, brier, calibration_line, confusion, decision_curve, delong, expected_calibration_error, iou, wilson,
                       youden_threshold)
from .crops import Crop, field, triples
from .network import CandidateNetwork
from .selection import SelectionOptions, cross_validated, fit_head
from .train import CropOptions, train_candidates

SIZES = ((0, 3, "<3"), (3, 5, "3-5"), (5, 7, "5-7"), (7, 99, ">=7"))


@dataclass(frozen=True)
class Table:
    """One row a candidate: features [n,512] (mean of three slices), softmax logit [n], truth, patient, diameter (mm)."""

    features: np.ndarray
    logit: np.ndarray
    truth: np.ndarray
    patient: np.ndarray
    diameter: np.ndarray


def table_of(network: CandidateNetwork, crops: list[Crop]) -> Table:
    """Runs the network over the three central slices of every crop."""
    features, logits = [], []
    network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.no_grad():
        for crop in crops:
            logit, feature, _ = network(torch.from_numpy(triples(crop)).to(memory_format=torch.channels_last))
            features.append(feature.mean(0).numpy())
            logits.append(float(logit.mean()))
    return Table(np.stack(features), np.array(logits), np.array([c.aneurysm for c in crops], float), np.array([c.patient for c in crops]),
                 np.array([c.diameter for c in crops]))


def ablation(fit: Table, test: Table) -> dict[str, float]:
    """AUC on unseen candidates: the softmax head, and what selection, LASSO and class weights change."""
    heads = {"features, logistic regression": SelectionOptions(lasso=False, class_weights=False),
             "with LASSO": SelectionOptions(lasso=True, class_weights=False), "with LASSO and class weights": SelectionOptions()}
    rows = {"softmax head of the trunk": round(auc(test.truth, test.logit), 4)}
    for name, options in heads.items():
        head = fit_head(fit.features, fit.truth, fit.patient, options)
        rows[name] = round(auc(test.truth, head.logit(test.features)), 4)
    return rows


def transfer(others: list[Crop], fit: list[Crop], test: list[Crop], steps: int, seed: int) -> dict[str, dict[str, float]]:
    """The published ablation of transfer learning: trunks trained on the fitting crops, from random weights and from a training on other patients."""
    options = CropOptions(wide_steps=0, steps=steps, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        trained = {"without": train_candidates(fit, options, Path(folder) / "without.pt")}
        before = train_candidates(others, options, Path(folder) / "before.pt")
        trained["with"] = train_candidates(fit, options, Path(folder) / "with.pt", before)
    return {name: ablation(table_of(trunk, fit), table_of(trunk, test)) for name, trunk in trained.items()}


def measure(session: ort.InferenceSession, fit: Table, test: Table, crops: list[Crop]) -> dict[str, object]:
    """Figures of the exported graph on unseen crops, and the nested cross-validation on the fitting rows. A figure that these crops cannot
    give is None: of one aneurysm no test of a difference, of aneurysms without an outline no overlap."""
    outputs = [session.run(["logit", "cam"], {"hu": triples(c)}) for c in crops]
    logit = np.array([float(o[0].mean()) for o in outputs])
    probability = 1 / (1 + np.exp(-logit))
    folds = min(5, len(np.unique(fit.patient[fit.truth > 0])))
    out_of_fold = cross_validated(fit.features, fit.truth, fit.patient, folds=folds)
    threshold = youden_threshold(fit.truth, 1 / (1 + np.exp(-out_of_fold)))
    counts = confusion(test.truth, probability, threshold)
    intercept, slope = calibration_line(test.truth, probability)
    difference, p = delong(test.truth, logit, test.logit) if min(test.truth.sum(), (1 - test.truth).sum()) > 1 else (np.nan, np.nan)
    shown = [(o[1][1], field(c.mask[2]) > 0, c.patient) for o, c in zip(outputs, crops) if c.aneurysm and c.outlined]
    patients = np.array([patient for _, _, patient in shown])
    positive = test.truth.astype(bool)
    called = probability[positive] >= threshold
    return {
        "candidates": len(crops), "aneurysms": int(test.truth.sum()),
        "auc": known(auc(test.truth, logit), 4),
        "aucInterval": [known(v, 4) for v in bootstrap(lambda rows: auc(test.truth[rows], logit[rows]), test.patient, 1)],
        "crossValidatedAuc": round(auc(fit.truth, out_of_fold), 4), "folds": folds,
        "threshold": round(threshold, 4), "sensitivity": known(counts.sensitivity, 4), "specificity": known(counts.specificity, 4),
        "ppv": known(counts.ppv, 4), "npv": known(counts.npv, 4), "brier": round(brier(test.truth, probability), 4),
        "calibrationError": round(expected_calibration_error(test.truth, probability), 4),
        "calibrationIntercept": known(intercept, 3), "calibrationSlope": known(slope, 3),
        "netBenefitAtOneInTen": round(float(decision_curve(test.truth, probability, np.array([0.1]))[0]), 4),
        "againstSoftmaxHead": {"aucDifference": known(difference, 4), "p": known(p, 4)},
        **_mean_of("camIou", [cam_iou(cam, mask) for cam, mask, _ in shown], patients),
        **_mean_of("camIouPixels", [cam_iou_of_pixels(cam, mask) for cam, mask, _ in shown], patients),
        **_mean_of("camPointing", [pointing(cam, mask) for cam, mask, _ in shown], patients),
        "bySize": [_size_row(name, called[group]) for name, group in by_size(test.diameter[positive])],
        "falseByKind": _false_by_kind(crops, probability >= threshold)}


def cam_iou(cam: np.ndarray, mask: np.ndarray) -> float:
    """Overlap of {cells at half the maximum or more} with the cells that hold aneurysm; a map cannot be finer than its cells."""
    held = cells_with(mask, cam.shape[0])
    hot = cam >= 0.5 * cam.max() if cam.max() > 0 else np.zeros(cam.shape, bool)
    union = (hot | held).sum()
    return float((hot & held).sum() / union) if union else 0.0


def cam_iou_of_pixels(cam: np.ndarray, mask: np.ndarray) -> float:
    """The same of the map as it is shown, between its cells bilinear, with every pixel of the mask: what a small sac cannot fill of a cell counts against it."""
    fine = functional.interpolate(torch.from_numpy(cam)[None, None], mask.shape, mode="bilinear", align_corners=False)[0, 0].numpy()
    return iou(mask, fine >= 0.5 * cam.max()) if cam.max() > 0 else 0.0


def pointing(cam: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the strongest cell holds aneurysm."""
    return bool(cam.max() > 0 and cells_with(mask, cam.shape[0]).flat[int(cam.argmax())])


def cells_with(mask: np.ndarray, cells: int) -> np.ndarray:
    """Which of cells x cells squares hold at least a twentieth of the mask."""
    side = mask.shape[0] // cells
    counts = mask.reshape(cells, side, cells, side).sum((1, 3))
    return counts >= max(1.0, 0.05 * float(mask.sum()))  # type: ignore[no-any-return]


def open_session(file: Path) -> ort.InferenceSession:
    """The exported graph on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def known(value: float, digits: int) -> float | None:
    """Rounded; None where there is no such number."""
    return round(float(value), digits) if np.isfinite(value) else None


def by_size(diameters: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Which of these aneurysms (mm, NaN where nobody measured) belong to each row of a table."""
    rows = [(name, (diameters >= low) & (diameters < high)) for low, high, name in SIZES]
    unsized = np.isnan(diameters)
    return [*rows, ("not told", unsized)] if unsized.any() else rows


def _mean_of(name: str, values: list[float] | list[bool], patients: np.ndarray) -> dict[str, object]:
    """The mean and its interval over patients; None of nothing."""
    if not values:
        return {name: None, f"{name}Interval": None}
    column = np.array(values, float)
    return {name: round(float(column.mean()), 4), f"{name}Interval": [round(v, 4) for v in bootstrap(lambda rows: float(column[rows].mean()), patients, 1)]}


def _size_row(name: str, found: np.ndarray) -> dict[str, object]:
    hits, count = int(found.sum()), len(found)
    return {"sizeMm": name, "aneurysms": count, "found": hits, "interval": [round(v, 2) for v in wilson(hits, count)]}


def _false_by_kind(crops: list[Crop], called: np.ndarray) -> dict[str, list[int]]:
    kinds = sorted({c.kind for c in crops if not c.aneurysm})
    return {kind: [int(sum(bool(v) for v, c in zip(called, crops) if c.kind == kind)), sum(c.kind == kind for c in crops)] for kind in kinds}
