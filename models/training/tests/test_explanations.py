"""The shipped bundle of system 000 explains itself: on unseen phantoms its Grad-CAM points at the sac, matters, and was learnt."""

import json
from pathlib import Path

import onnx

from willis_training.cta_resnet.crops import phantom_crops
from willis_training.cta_resnet.explain import explain

BUNDLE = Path(__file__).parents[2] / "cta-resnet"


def test_the_map_points_at_the_sac_and_matters():
    threshold = json.loads((BUNDLE / "model.json").read_text())["operatingPoint"]["threshold"]
    crops = [crop for index in range(20) for crop in phantom_crops("test", 1000 + index)]
    said = explain(onnx.load(BUNDLE / "model.onnx"), crops, threshold)
    assert said["truePositives"] >= 15
    assert said["pointing"] >= 0.8
    assert said["deletion"] >= 0.8
    assert said["randomised"] < 0.75
