"""Whole fictitious places with known truth: without this room nothing could be tried without real children.

`make` writes a place, `make_places` several side by side (`places_of` finds them again), `check` marks one
against the calibration facts, `describe` tells it in one page.
Every person is made up. Nothing but the command line and tests imports this room.
"""

from threecircles.synthetic.check import check
from threecircles.synthetic.describe import describe
from threecircles.synthetic.make import make
from threecircles.synthetic.places import make_places, places_of

__all__ = ["check", "describe", "make", "make_places", "places_of"]
