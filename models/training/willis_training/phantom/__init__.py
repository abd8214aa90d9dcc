"""Synthetic TOF-MRA heads: anatomy from a seed, acquisition from an appearance."""

from .appearance import Appearance, draw_appearance
from .anatomy import Aneurysm, Anatomy, draw_anatomy
from .render import Grid, Phantom, lumen_of, render, stamp

__all__ = ["Anatomy", "Aneurysm", "Appearance", "Grid", "Phantom", "draw_anatomy", "draw_appearance", "lumen_of", "render", "stamp"]
