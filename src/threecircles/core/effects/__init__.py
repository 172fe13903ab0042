"""What a service changed, by designs that hold a comparison: without them a difference would pass for an effect."""

from threecircles.core.effects.clustered import Fitted, least_squares
from threecircles.core.effects.cox import Hazard, hazard_ratio
from threecircles.core.effects.permutation import permutation_p
from threecircles.core.effects.rates import rate_ratio
from threecircles.core.effects.staggered import GroupTime, group_time
from threecircles.core.effects.unmeasured import e_value, robustness_value

__all__ = [
    "Fitted",
    "GroupTime",
    "Hazard",
    "e_value",
    "group_time",
    "hazard_ratio",
    "least_squares",
    "permutation_p",
    "rate_ratio",
    "robustness_value",
]
