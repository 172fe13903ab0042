"""How many authorities would have to answer: without it a small collection would be trusted like a large one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import fit_problem, problem
from threecircles.core.seeds import rng
from threecircles.funding.area_based import AreaBased
from threecircles.funding.validity import judge

TIMES = (1, 2, 4)
EACH = 3
FEWEST = 5
Z90 = 1.6448536269514722


@dataclass(frozen=True)
class Collection:
    """tried: authorities, half_width (median over authorities of the 90% half-width of a share, as a part
    of it). asked: the half-width wanted. needed: authorities that give it.
    """

    tried: pl.DataFrame
    asked: float
    needed: int

    def text(self) -> str:
        """What `formula collection` prints."""
        lines = ["Authorities drawn again from the fitted country, counts drawn anew:"]
        lines += [
            f"  {n:>4} authorities: the interval of a share reaches {w:.1%} of it to either side"
            for n, w in self.tried.iter_rows()
        ]
        lines.append(
            f"For {self.asked:.1%} about {self.needed:,} authorities would have to answer; "
            "`threecircles source template area-activity` writes the form to send them."
        )
        return "\n".join(lines)


def collection(
    found: AreaBased, numeric: list[str], half_width: float, seed: int = 1
) -> Collection:
    """Draw countries of once, twice and four times as many authorities from the fit to small areas.

    half_width: wanted, as a part of a share (0.02 = 2%). The half-width falls with the root of the number
    of authorities; the sizes drawn give the constant. Raises UsageError for one not above 0.
    """
    if not 0 < half_width < 1:
        raise UsageError("The half-width is a part of a share.", found=f"{half_width:g}", allowed="between 0 and 1")  # fmt: skip
    table, fitted = found.tables["lsoa"], found.fits["lsoa"]
    draw = rng(seed, "collection")
    eta = np.full(table.height, fitted.coefficients["(intercept)"])
    for name in numeric:
        eta += fitted.coefficients[name] * table[name].to_numpy()
    table = table.with_columns(_eta=pl.Series(eta))
    authorities = table["la_code"].unique(maintain_order=True).to_list()
    rows = []
    for size in (t * len(authorities) for t in TIMES):
        widths = [
            _half_width(table, authorities, size, numeric, fitted.sds, draw) for _ in range(EACH)
        ]
        rows.append((size, float(np.mean(widths))))
    constant = float(np.mean([width * size**0.5 for size, width in rows]))
    return Collection(
        pl.DataFrame(rows, schema=["authorities", "half_width"], orient="row"),
        half_width,
        max(FEWEST, ceil((constant / half_width) ** 2)),
    )


def _half_width(
    table: pl.DataFrame, authorities: list[str], size: int, numeric: list[str], sds: dict[str, float],
    draw: np.random.Generator,
) -> float:  # fmt: skip
    """The median half-width of one country drawn anew."""
    chosen = [authorities[int(draw.integers(len(authorities)))] for _ in range(size)]
    made = pl.concat(
        _again(table.filter(pl.col("la_code") == la), i, sds, draw) for i, la in enumerate(chosen)
    )
    again = problem(made, outcome="quantity", family="poisson", exposure="children", numeric=numeric, groups=["area_code", "la_code"])  # fmt: skip
    judged = judge(again, fit_problem(again))
    return float(Z90 * np.median(judged.standard_errors / judged.shares.share))


def _again(
    part: pl.DataFrame, number: int, sds: dict[str, float], draw: np.random.Generator
) -> pl.DataFrame:
    """One authority with new effects and new counts under a label of its own."""
    effects = sds["la_code"] * draw.normal() + sds["area_code"] * draw.normal(size=part.height)
    mean = part["children"].to_numpy() * np.exp(part["_eta"].to_numpy() + effects)
    return part.with_columns(
        quantity=pl.Series(draw.poisson(mean)),
        la_code=pl.lit(f"{number:04d}"),
        area_code=pl.format("{}-{}", pl.lit(number), pl.col("area_code")),
    )
