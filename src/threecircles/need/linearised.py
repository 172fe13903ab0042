"""What sampling error is left once all that is known of everyone has been used: in one small table of sums.

A linearised variable u loses its part along the calibration, which is a few sums of u taken back along a
few columns: left = u - along (take' u). With both kept, the error of a figure about one ward costs the
answers of that ward only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.design_variance import Structure
from threecircles.core.response import Response


@dataclass(frozen=True)
class Linearised:
    """along, take: respondents x parts. weights: of the ground. missed: weight of a pupil's own square.

    by_unit: along, weighted and summed by school. squares: along' diag(missed weights^2) along.
    """

    along: np.ndarray
    take: np.ndarray
    weights: np.ndarray
    missed: np.ndarray
    structure: Structure
    by_unit: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(
        cls,
        weights: np.ndarray,
        response: Response,
        z: np.ndarray,
        expand: np.ndarray,
        parts: list[np.ndarray],
        structure: Structure,
    ) -> Linearised:
        """parts: sets of respondents (true or false) whose number on roll the weights meet exactly.

        Pupils answered or not by a chance of their own, 1 / weight, in schools that took part:
        (1 - chance) (weight x left)^2 each, those least likely to answer most. Source: Särndal, Swensson
        and Wretman, Model Assisted Survey Sampling (1992), result 9.3.1 and section 15.6.
        """
        w = response.weights * expand
        held = (
            np.stack([p.astype(float) for p in parts], axis=1) if parts else np.empty((len(w), 0))
        )
        sums = w @ held
        first = w[:, None] * held / np.where(sums > 0, sums, 1.0)

        def after_first(take: np.ndarray) -> np.ndarray:
            return take - first @ (held.T @ take)

        raw = (z * w[:, None]) @ np.linalg.pinv((z * w[:, None]).T @ z)
        second = after_first(raw)
        # The response model's own share, of what expansion to schools that did not take part leaves.
        moved = response.weights - response.base
        chance = expand[:, None] * (moved[:, None] * response.x) @ response.pull
        third = after_first(chance - raw @ (z.T @ chance))
        along = np.column_stack([held, z, -response.z / expand[:, None]])
        take = np.column_stack([first, second, third])
        missed = (1 - structure.left)[structure.row_stratum] * (1 - 1 / response.weights)
        squares = along.T @ (along * (missed * weights**2)[:, None])
        by_unit = _by_unit(structure, structure.row_unit, along * weights[:, None])
        return cls(along, take, weights, missed, structure, by_unit, squares)

    def variance(self, u: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Of sums of weights x u. u: k linearised variables of the respondents in rows, nought elsewhere."""
        taken = self.take[rows].T @ u
        own = self.weights[rows, None] * u
        scores = _by_unit(self.structure, self.structure.row_unit[rows], own) - self.by_unit @ taken
        units = len(self.structure.unit_stratum)
        between = self.structure.unit_variance(scores, scores, np.ones(units), None)
        spread = self.missed[rows, None] * own
        cross = (self.along[rows] * self.weights[rows, None]).T @ spread
        within = (spread * own).sum(axis=0) - 2 * (taken * cross).sum(axis=0)
        within = within + (taken * (self.squares @ taken)).sum(axis=0)
        # A figure known of everyone has no error; what is left of it is rounding, of either sign.
        return np.maximum(between + within, 0.0)


def _by_unit(structure: Structure, unit: np.ndarray, values: np.ndarray) -> np.ndarray:
    size = len(structure.unit_stratum)
    if values.shape[1] == 0:
        return np.zeros((size, 0))
    return np.stack([np.bincount(unit, v, minlength=size) for v in values.T], axis=1)
