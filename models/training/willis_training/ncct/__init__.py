"""Synthetic non-contrast head CT: a person from a seed, bleeding by type and age, an acquisition, voxels in HU with masks."""

from .bleeding import CLASSES, SUBTYPES, Bleed, draw_bleeds
from .head import Head, draw_head
from .scan import CtAppearance, CtPhantom, draw_ct_appearance, render_ct

__all__ = ["CLASSES", "SUBTYPES", "Bleed", "CtAppearance", "CtPhantom", "Head", "draw_bleeds", "draw_ct_appearance", "draw_head",
           "render_ct"]
