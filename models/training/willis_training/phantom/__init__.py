"""Synthetic TOF-MRA heads: anatomy from a seed, acquisition from an appearance."""

from .appearance import Appearance, draw_appearance
from .anatomy import Aneurysm, Anatomy, draw_anatomy
from .real_tree import ArterialTree, tree_of
from .render import Grid, Phantom, lumen_of, render, stamp
from .tortuous import tortuous

__all__ = ["Anatomy", "Aneurysm", "Appearance", "ArterialTree", "Grid", "Phantom", "draw_anatomy", "draw_appearance", "lumen_of", "render", "stamp", "tortuous", "tree_of"]
