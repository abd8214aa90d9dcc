"""Whether the maps that explain a finding are worth looking at: pointing, deletion and shuffled weights, the same for every system."""

from .card import explanation_section
from .figures import Explained, MapSeen, figures
from .randomised import shuffled
from .removal import filled

__all__ = ["Explained", "MapSeen", "explanation_section", "figures", "filled", "shuffled"]
