"""How strong a cause nobody measured would have to be to make the difference: said beside every estimate.

Source: VanderWeele and Ding, Ann. Intern. Med. 167 (2017) 268-274; Cinelli and Hazlett, J. R. Stat. Soc. B
82 (2020) 39-67.
"""

from __future__ import annotations

from math import sqrt


def e_value(ratio: float) -> float:
    """The least risk ratio, with both service and outcome, of a cause that explains a risk ratio away.

    A ratio below 1 is inverted. Raises ValueError for a ratio that is not above nought.
    """
    if ratio <= 0:
        raise ValueError("A risk ratio lies above nought.")
    r = ratio if ratio >= 1 else 1 / ratio
    return r + sqrt(r * (r - 1))


def e_value_of_limit(low: float, high: float) -> float:
    """The same for the limit nearer to 1; 1 where the interval holds 1."""
    if low <= 1 <= high:
        return 1.0
    return e_value(low if low > 1 else high)


def robustness_value(t: float, df: float) -> float:
    """Share of what is left of service and of outcome that a cause must explain to bring the estimate to nought.

    t: estimate over its standard error; df: its degrees of freedom.
    """
    f = abs(t) / sqrt(df)
    return (sqrt(f**4 + 4 * f**2) - f**2) / 2
