"""Synthetic TOF-MRA heads: anatomy from a seed, acquisition from an appearance."""

from .appearance import Appearance, draw_appearance
from .anatomy import Aneurysm, Anatomy, draw_anatomy
from .render import Phantom, render

__all__ = ["Anatomy", "Aneurysm", "Appearance", "Phantom", "draw_anatomy", "draw_appearance", "render"]
