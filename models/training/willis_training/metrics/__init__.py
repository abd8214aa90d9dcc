"""Every figure the cards print: classification, detection, segmentation, the ADAM challenge, the RSNA challenges, agreement."""

from .adam import Location, adam_detection, adam_ranking
from .agreement import icc_2_1
from .classification import (Confusion, auc, brier, calibration_line, confusion, decision_curve, delong, expected_calibration_error,
                             integrated_discrimination, net_reclassification, reliability, youden_threshold)
from .detection import Froc, froc, mean_sensitivity
from .intervals import bootstrap, wilson
from .rsna import haemorrhage_log_loss, aneurysm_score
from .segmentation import dice, hausdorff, iou, surface_distances, volume_similarity

__all__ = ["Confusion", "Froc", "Location", "adam_detection", "adam_ranking", "aneurysm_score", "auc", "bootstrap", "brier",
           "calibration_line", "confusion", "decision_curve", "delong", "dice", "expected_calibration_error", "froc",
           "haemorrhage_log_loss", "hausdorff", "icc_2_1", "integrated_discrimination", "iou", "mean_sensitivity",
           "net_reclassification", "reliability", "surface_distances", "volume_similarity", "wilson", "youden_threshold"]
