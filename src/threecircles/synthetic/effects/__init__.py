"""Services with a planted effect: without them nobody could say whether an evaluation finds what is there."""

from threecircles.synthetic.effects.hazard import Hazard, acted
from threecircles.synthetic.effects.plant import Planted, plant

__all__ = ["Hazard", "Planted", "acted", "plant"]
