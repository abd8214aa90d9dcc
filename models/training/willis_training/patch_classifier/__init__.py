"""System 001 as published: patch classifiers with every setting of the paper's annex, and what they say about whole scans."""

from .config import ANNEX, PatchConfig, load_config
from .networks import Simple3DCNN, build
from .scan import patch_map, scan_score
from .train import PatchScan, patches_of, train_patches

__all__ = ["ANNEX", "PatchConfig", "PatchScan", "Simple3DCNN", "build", "load_config", "patch_map", "patches_of", "scan_score", "train_patches"]
