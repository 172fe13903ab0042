"""A fit named by a file, judged by leaving each authority out: what `threecircles formula test` does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import fit_problem, problem
from threecircles.funding.ecological import Ecological, ecological
from threecircles.funding.fit_file import load_spec, naming, read_table
from threecircles.funding.formula_show import OWN_DATA_LARGEST, OWN_DATA_MEDIAN
from threecircles.funding.held_out import HeldOut, held_out
from threecircles.funding.validity import Validity, judge


def try_out(spec: Path) -> tuple[Validity, pl.DataFrame, bool]:
    """The judgement, a row an authority, and whether no authority has a particular effect.

    Columns: la, share, low, high (90%), own_data, actual_share. Raises UsageError without authorities.
    """
    asked = load_spec(spec)
    if len(asked.groups) < 2:
        raise UsageError(
            "A test leaves authorities out, so it needs two groups.", found=", ".join(asked.groups),
            mend="Name the area and the authority under groups.",
        )  # fmt: skip
    with naming(asked.file):
        made = problem(read_table(Path(asked.file), asked.columns()), **asked.terms())
    found = judge(made, fit_problem(made, penalty=asked.penalty))
    table = pl.DataFrame(
        {
            "la": found.shares.la,
            "share": found.shares.share,
            "low": found.low,
            "high": found.high,
            "own_data": found.own_data,
            "actual_share": found.actual,
        }
    )
    holds = found.own_data.max() < OWN_DATA_LARGEST and np.median(found.own_data) < OWN_DATA_MEDIAN
    return found, table, bool(holds)


def try_held_out(spec: Path, by: Sequence[str] = ()) -> HeldOut | None:
    """A fifth of children and of authorities held out; None for a fit it cannot be done for (no binomial of two groups).

    by: further columns of the file for observed over expected. Raises UsageError for one that is not there.
    """
    asked = load_spec(spec)
    if asked.family != "binomial" or len(asked.groups) != 2:
        return None
    return held_out(
        read_table(Path(asked.file), list(dict.fromkeys((*asked.columns(), *by)))), asked, by
    )


def try_areas(spec: Path) -> Ecological:
    """The fit by persons beside one by areas. Raises UsageError as `ecological`."""
    asked = load_spec(spec)
    return ecological(read_table(Path(asked.file), asked.columns()), asked)
