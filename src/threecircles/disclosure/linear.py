"""Linear programmes over cells: without it neither suppression nor the attacker could reason about sums."""

from __future__ import annotations

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TINY = 1e-6
"""Below this two figures count as equal; the solver's own tolerance is 1e-7."""

_OPTIMAL = highspy.HighsModelStatus.kOptimal
_TIME = highspy.HighsModelStatus.kTimeLimit
_PATIENCE = 10.0
"""Seconds one whole-number programme may take before its linear bound is used instead."""


class Linear:
    """One programme: cost x smallest, A x = right, lower <= x <= upper; costs and bounds may change.

    The solver starts each time from the last answer, which is what makes thousands of questions
    about one table cheap.
    """

    def __init__(
        self,
        matrix: sp.csc_matrix,
        right: Floats,
        lower: Floats,
        upper: Floats,
        *,
        many: bool = False,
    ) -> None:
        """many: many questions with other costs will be asked of the same rows (the primal method)."""
        matrix = sp.csc_matrix(matrix)
        self.cells = matrix.shape[1]
        self._solver = _solver(many)
        self._solver.passModel(_model(matrix, right, lower, upper))
        self._costed = np.zeros(0, dtype=np.int32)
        self.solves = 0
        self.spent = 0.0

    def smallest(self, where: Ints | list[int], cost: Floats | list[float]) -> Floats | None:
        """A point with the smallest sum of cost over those cells, or None when there is none."""
        if self._costed.size:
            self._solver.changeColsCost(
                self._costed.size, self._costed, np.zeros(self._costed.size)
            )
        self._costed = np.asarray(where, dtype=np.int32)
        self._solver.changeColsCost(
            self._costed.size, self._costed, np.asarray(cost, dtype=np.float64)
        )
        return self._solve()

    def bound(self, cell: int, lower: float, upper: float) -> None:
        """Change the bounds of one cell."""
        self._solver.changeColBounds(int(cell), float(lower), float(upper))

    def whole(self, cell: int, sense: float) -> Floats | None:
        """As `smallest` for one cell, over whole numbers only; None when it takes too long.

        What all such programmes took is added up in `spent` (seconds).
        """
        everyone = np.arange(self.cells, dtype=np.int32)
        kinds = np.full(self.cells, highspy.HighsVarType.kInteger)
        self._solver.changeColsIntegrality(self.cells, everyone, kinds)
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + _PATIENCE)
        self._solver.setOptionValue("presolve", "on")
        begun = self._solver.getRunTime()
        found = self.smallest([cell], [sense])
        self.spent += self._solver.getRunTime() - begun
        self._solver.setOptionValue("time_limit", float("inf"))
        self._solver.setOptionValue("presolve", "off")
        self._solver.changeColsIntegrality(
            self.cells, everyone, np.full(self.cells, highspy.HighsVarType.kContinuous)
        )
        return found

    def all_whole(self, where: Ints, cost: Floats, patience: float = _PATIENCE) -> Floats | None:
        """As `smallest`, over whole numbers only; the best found in time, or None.

        patience: seconds.
        """
        everyone = np.arange(self.cells, dtype=np.int32)
        kinds = np.full(self.cells, highspy.HighsVarType.kInteger)
        self._solver.changeColsIntegrality(self.cells, everyone, kinds)
        self._solver.setOptionValue("presolve", "on")
        self._solver.setOptionValue("time_limit", self._solver.getRunTime() + patience)
        self._solver.changeColsCost(self.cells, everyone, np.zeros(self.cells))
        at = np.asarray(where, dtype=np.int32)
        self._solver.changeColsCost(at.size, at, np.asarray(cost, dtype=np.float64))
        self._solver.run()
        self.solves += 1
        point = np.array(self._solver.getSolution().col_value)
        found = self._solver.getInfo().primal_solution_status == 2 and point.size == self.cells
        self._solver.setOptionValue("time_limit", float("inf"))
        self._solver.setOptionValue("presolve", "off")
        self._solver.changeColsIntegrality(
            self.cells, everyone, np.full(self.cells, highspy.HighsVarType.kContinuous)
        )
        return np.round(point) if found else None

    def _solve(self) -> Floats | None:
        self._solver.run()
        self.solves += 1
        if self._solver.getModelStatus() not in (_OPTIMAL, _TIME):
            # A warm start can stall on a degenerate face; a cold one settles it.
            self._solver.clearSolver()
            self._solver.run()
        if self._solver.getModelStatus() != _OPTIMAL:
            return None
        return np.array(self._solver.getSolution().col_value)


def _solver(many: bool) -> highspy.Highs:
    solver = highspy.Highs()
    solver.setOptionValue("simplex_strategy", 4 if many else 1)
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("presolve", "off")
    return solver


def _model(matrix: sp.csc_matrix, right: Floats, lower: Floats, upper: Floats) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_ = np.zeros(matrix.shape[1])
    model.col_lower_, model.col_upper_ = lower, upper
    model.row_lower_ = model.row_upper_ = right
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    return model
