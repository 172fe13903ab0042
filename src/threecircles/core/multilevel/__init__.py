"""Nested random intercepts by Laplace maximum likelihood: without it a person-based formula could not be fitted.

Rows lie in areas, areas in authorities; outcomes are binomial (logit) or Poisson (log). Areas and
authorities are eliminated in closed form, so no sparse matrix is needed (spec/funding.md 4).
"""

from threecircles.core.multilevel.cells import collapse
from threecircles.core.multilevel.fit import Fit, fit, fit_problem
from threecircles.core.multilevel.leave_out import Refit, leave_out
from threecircles.core.multilevel.partial import partial_sums
from threecircles.core.multilevel.problem import Problem, problem

__all__ = [
    "Fit",
    "Problem",
    "Refit",
    "collapse",
    "fit",
    "fit_problem",
    "leave_out",
    "partial_sums",
    "problem",
]
