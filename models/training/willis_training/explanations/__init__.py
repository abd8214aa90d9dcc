"""Whether the maps that explain a finding are worth looking at: pointing, deletion and shuffled weights, the same for every system."""

from .card import explanation_section
from .cells import as_pixels, by_cell, other_cells, strongest_cells
from .figures import Explained, MapSeen, figures
from .randomised import SHUFFLES, shuffled
from .removal import filled

__all__ = ["SHUFFLES", "Explained", "MapSeen", "as_pixels", "by_cell", "explanation_section", "figures", "filled", "other_cells", "shuffled", "strongest_cells"]
