"""Several adjoining places at once: without them nothing that crosses a border could be tried."""

from threecircles.synthetic.places.build import build_worlds
from threecircles.synthetic.places.write import make_places, places_of

__all__ = ["build_worlds", "make_places", "places_of"]
