"""Metrics against published rows, textbook cases and brute force."""

import numpy as np
import pytest

from willis_training.metrics import (Confusion, Location, adam_detection, adam_ranking, aneurysm_score, auc, bootstrap, brier,
                                     calibration_line, confusion, decision_curve, delong, dice, expected_calibration_error, froc,
                                     haemorrhage_log_loss, hausdorff, icc_2_1, integrated_discrimination, iou, mean_sensitivity,
                                     net_reclassification, volume_similarity, youden_threshold)

# tables 1 to 4 of the coarse-to-fine paper: the printed values and the printed rank row
RANKS = [
    ([([98.51, 100, 100, 100, 100], True), ([0.82, 1.30, 1.27, 0.99, 1.59], False), ([57.35, 46.22, 46.76, 53.02, 41.22], True)],
     [0.3333, 0.4378, 0.4137, 0.1631, 0.6667]),
    ([([0.77, 0.76, 0.82, 0.71, 0.80, 0.76, 0.75], True), ([36.41, 36.25, 36.17, 35.33, 34.05, 30.66, 27.06], False),
      ([0.45, 0.43, 0.41, 0.38, 0.48, 0.62, 0.64], True)], [0.7284, 0.7787, 0.6196, 0.9615, 0.5149, 0.3358, 0.2121]),
    ([([0.73, 0.76, 0.79, 0.81], True), ([36.27, 32.76, 35.99, 17.93], False), ([0.42, 0.67, 0.44, 0.84], True)],
     [1.0, 0.6128, 0.7290, 0.0]),
    ([([0.81, 0.79, 0.81, 0.82, 0.80], True), ([17.93, 25.42, 22.61, 19.64, 21.44], False), ([0.84, 0.78, 0.80, 0.85, 0.82], True)],
     [0.1587, 1.0, 0.5574, 0.0761, 0.5213]),
]


@pytest.mark.parametrize(("columns", "printed"), RANKS)
def test_adam_ranking_gives_the_printed_rows(columns, printed):
    assert np.allclose(adam_ranking([(np.array(v), up) for v, up in columns]), printed, atol=1e-4)


def test_rates_of_the_cta_paper_come_from_their_counts():
    # 10 of 12 and 10 of 13: the test row .800/.833/.769/.769/.833 of the paper's table 4
    row = Confusion(tp=10, tn=10, fp=3, fn=2)
    assert np.allclose([row.accuracy, row.sensitivity, row.specificity, row.ppv, row.npv], [0.8, 0.833, 0.769, 0.769, 0.833], atol=5e-4)


# the patch rows of the TOF paper: counts, and the printed accuracy, sensitivity and specificity
PATCH_ROWS = {
    1: ((466, 244, 186, 34), (0.76, 0.93, 0.57)), 2: ((71, 188, 27, 29), (0.82, 0.71, 0.87)), 3: ((300, 31, 184, 0), (0.64, 1.0, 0.14)),
    4: ((239, 799, 61, 61), (0.89, 0.79, 0.93)), 5: ((282, 770, 90, 18), (0.91, 0.94, 0.89)), 8: ((265, 734, 126, 35), (0.86, 0.88, 0.85)),
    9: ((276, 655, 205, 24), (0.80, 0.92, 0.76)), 10: ((811, 1815, 335, 189), (0.83, 0.81, 0.84)),
    12: ((158, 339, 91, 42), (0.79, 0.79, 0.79)), 13: ((902, 1789, 361, 98), (0.85, 0.90, 0.83)),
}


@pytest.mark.parametrize("model", PATCH_ROWS)
def test_patch_rows_of_the_tof_paper_come_from_their_counts(model):
    (tp, tn, fp, fn), printed = PATCH_ROWS[model]
    row = Confusion(tp, tn, fp, fn)
    assert np.allclose([row.accuracy, row.sensitivity, row.specificity], printed, atol=0.0105)


def test_its_f2_is_lower_than_printed():
    # model 5 prints .92, model 3 .94, model 9 .86, model 11 .88
    rows = [Confusion(282, 770, 90, 18), Confusion(300, 31, 184, 0), Confusion(276, 655, 205, 24), Confusion(244, 826, 34, 56)]
    assert [round(r.f_score(2), 3) for r in rows] == [0.897, 0.891, 0.821, 0.825]


def test_auc_counts_pairs_and_ties():
    truth = np.array([0, 0, 1, 1])
    assert auc(truth, np.array([0.1, 0.4, 0.35, 0.8])) == 0.75
    assert auc(truth, np.ones(4)) == 0.5
    assert np.isnan(auc(np.zeros(4), np.ones(4)))


def test_delong_matches_its_variance_by_bootstrap():
    rng = np.random.default_rng(0)
    truth = np.r_[np.ones(80), np.zeros(80)]
    first, second = truth + rng.normal(0, 1, 160), 0.3 * truth + rng.normal(0, 1, 160)
    difference, p = delong(truth, first, second)
    assert np.isclose(difference, auc(truth, first) - auc(truth, second)) and p < 0.01
    assert delong(truth, first, first) == (0.0, 1.0)


def test_calibration_of_true_probabilities_is_perfect_and_of_doubled_logits_is_not():
    rng = np.random.default_rng(1)
    logit = rng.normal(0, 1.5, 20_000)
    p = 1 / (1 + np.exp(-logit))
    truth = (rng.random(20_000) < p).astype(float)
    assert np.allclose(calibration_line(truth, p), (0, 1), atol=0.06)
    assert np.isclose(calibration_line(truth, 1 / (1 + np.exp(-2 * logit)))[1], 0.5, atol=0.05)
    assert expected_calibration_error(truth, p) < 0.015 < expected_calibration_error(truth, np.sqrt(p))
    assert np.isclose(brier(np.array([1.0, 0.0]), np.array([0.8, 0.4])), 0.1)


def test_reclassification_and_benefit():
    truth, before, after = np.array([1, 1, 0, 0]), np.array([0.4, 0.6, 0.6, 0.2]), np.array([0.7, 0.6, 0.4, 0.2])
    assert net_reclassification(confusion(truth, before, 0.5), confusion(truth, after, 0.5)) == 1.0
    assert np.isclose(integrated_discrimination(truth, before, after), 0.25)
    assert np.isclose(decision_curve(truth, after, np.array([0.5]))[0], 0.5)
    assert youden_threshold(truth, after) == 0.6


def test_overlap_figures_of_two_boxes():
    truth, found = np.zeros((10, 10, 10), bool), np.zeros((10, 10, 10), bool)
    truth[2:6, 2:6, 2:6], found[2:6, 2:6, 4:8] = True, True
    assert dice(truth, found) == 0.5 and np.isclose(iou(truth, found), 1 / 3) and volume_similarity(truth, found) == 1
    assert hausdorff(truth, found, (1, 1, 0.5)) == 1.0
    assert np.isnan(dice(truth & False, found & False)) and dice(truth, found & False) == 0.0
    assert np.isnan(hausdorff(truth, found & False, (1, 1, 1)))


def test_adam_scan_scores():
    truth = [Location((0, 0, 0), 2.0), Location((20, 0, 0), 3.0), Location((40, 0, 0), 3.0, treated=True)]
    sensitivity, false = adam_detection(truth, np.array([[1, 0, 0], [0, 1, 0], [30, 0, 0], [41, 0, 0]]))
    assert (sensitivity, false) == (0.5, 1)
    assert np.isnan(adam_detection([], np.zeros((1, 3)))[0]) and adam_detection([], np.zeros((1, 3)))[1] == 1
    assert adam_detection(truth[:1], np.empty((0, 3))) == (0.0, 0)


def test_froc_counts_a_lesion_once():
    curve = froc(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, -1, 1]), lesion_count=2, scans=2)
    assert curve.at(0) == 0.5 and curve.at(0.5) == 1.0
    assert np.isclose(mean_sensitivity(curve), (0.5 * 2 + 5) / 7)


def test_challenge_metrics():
    truth = np.array([[1, 0, 0, 0, 0, 1.0]])
    assert np.isclose(haemorrhage_log_loss(truth, np.full((1, 6), 0.5)), np.log(2))
    assert haemorrhage_log_loss(truth, truth) < 1e-12
    present = (np.array([0, 1]), np.array([0.1, 0.9]))
    places = (np.tile([[0], [1]], 13), np.tile([[0.5], [0.5]], 13))
    assert aneurysm_score(present, places) == 0.75


def test_icc_of_shrout_and_fleiss():
    # the example of the 1979 paper: six targets, four judges, ICC(2,1) = .29
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]])
    assert round(icc_2_1(ratings), 2) == 0.29


def test_bootstrap_resamples_patients():
    values = np.repeat(np.array([0.0, 1.0]), 50)
    narrow = bootstrap(lambda rows: float(values[rows].mean()), np.arange(100), 0, 200)
    wide = bootstrap(lambda rows: float(values[rows].mean()), np.repeat([0, 1], 50), 0, 200)
    assert wide == (0.0, 1.0) and narrow[1] - narrow[0] < 0.3
