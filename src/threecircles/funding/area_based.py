"""The area-based formula from what authorities sent: without it only places with child-level data could be counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.multilevel import Fit, fit
from threecircles.definitions import load_text
from threecircles.funding.coverage import coverage
from threecircles.funding.fit_file import read_table
from threecircles.funding.received import UNKNOWN, Received, read_received

ENOUGH = 5
LEVELS = ("lsoa", "msoa")


@dataclass(frozen=True, kw_only=True)
class AreaSpec:
    """SPEC.yaml of an area-based fit; every path is relative to it.

    received: the folder of what authorities sent. unit: the activity that is modelled (referrals,
    weeks_in_care ...). year: the financial year ends in it. areas: table of area_code, la_code, msoa_code,
    children and the covariates. population: la_code, age, children. totals: la_code, unit, quantity of
    each authority's own return. numeric: covariates. waived, left_out: authority -> reason.
    """

    received: str
    unit: str
    year: int
    areas: str
    population: str
    totals: str
    numeric: list[str] = field(default_factory=list)
    waived: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    id: str = ""
    label: str = ""
    cost_weight: float = 1.0


@dataclass(frozen=True)
class AreaBased:
    """fits: lsoa and msoa. dropped: small areas hidden at source, and areas that sent no row, by level.
    answers: as in `Received`. coverage: la_code, seen, children, coverage. notes: sentences for people.
    """

    fits: dict[str, Fit]
    tables: dict[str, pl.DataFrame]
    dropped: dict[str, dict[str, int]]
    answers: pl.DataFrame
    coverage: pl.DataFrame
    notes: tuple[str, ...]

    def covered(self) -> float:
        """The part of all children that some census holds."""
        return float(self.coverage["seen"].sum()) / float(self.coverage["children"].sum())

    def as_dict(self) -> dict[str, Any]:
        """What `formula fit --json` writes: the fit to the small areas at the top, both under `fits`."""
        return {
            **self.fits["lsoa"].as_dict(),
            "fits": {k: f.as_dict() for k, f in self.fits.items()},
            "dropped": self.dropped,
            "answers": self.answers.to_dicts(),
            "coverage": self.coverage.to_dicts(),
            "coverage_of_all": self.covered(),
            "notes": list(self.notes),
        }


def load_area_spec(path: Path) -> AreaSpec:
    """Read SPEC.yaml. Raises an error naming file, line and field."""
    return load_text(path.read_text(encoding="utf-8-sig"), AreaSpec, where=path.name)


def fit_received(path: Path) -> AreaBased:
    """Fit one activity to small areas and to the middle areas they lie in, from files alone.

    Poisson, offset log(children), areas nested in authorities. Hidden areas and areas without a row are
    left out and counted. Raises UsageError naming missing files, faults and unknown areas.
    """
    asked = load_area_spec(path)
    beside = path.parent
    areas = read_table(
        beside / asked.areas, ("area_code", "la_code", "msoa_code", "children", *asked.numeric)
    )
    population = read_table(beside / asked.population, ("la_code", "age", "children"))
    totals = read_table(beside / asked.totals, ("la_code", "unit", "quantity"))
    received = read_received(
        beside / asked.received, year=asked.year, totals=totals, waived=asked.waived, left_out=asked.left_out
    )  # fmt: skip
    tables, dropped = _tables(received, areas, asked)
    terms: dict[str, Any] = {"outcome": "quantity", "family": "poisson", "exposure": "children", "numeric": asked.numeric}  # fmt: skip
    fits = {level: fit(tables[level], groups=["area_code", "la_code"], **terms) for level in LEVELS}
    seen = coverage(received.covered, population)
    return AreaBased(fits, tables, dropped, received.answers, seen, _notes(received, asked))


def _tables(
    received: Received, areas: pl.DataFrame, asked: AreaSpec
) -> tuple[dict[str, pl.DataFrame], dict[str, dict[str, int]]]:
    sent = received.activity.filter(
        pl.col("unit") == asked.unit, pl.col("area_code").str.to_lowercase() != UNKNOWN
    )
    if sent.is_empty():
        raise UsageError(
            f"Nobody sent {asked.unit}.", allowed=", ".join(received.activity["unit"].unique().sort())
        )  # fmt: skip
    strange = sent.join(areas, on="area_code", how="anti")["area_code"].unique().sort().to_list()
    if strange:
        raise UsageError(
            f"{len(strange)} areas are not in the table of areas.", found=", ".join(strange[:10]),
            mend="Use the table of the vintage that was sent; vintages are never mixed.",
        )  # fmt: skip
    here = areas.filter(pl.col("la_code").is_in(sent["la_code"].unique().to_list()))
    each = sent.group_by("area_code").agg(
        quantity=pl.col("quantity").sum(), hidden=pl.col("suppressed").any()
    )
    joined = here.join(each, on="area_code", how="left", maintain_order="left")
    lost = {
        "hidden": int(joined["hidden"].fill_null(False).sum()),
        "not sent": int(joined["hidden"].null_count()),
    }
    usable = pl.col("hidden").is_not_null() & ~pl.col("hidden")
    lsoa = joined.filter(usable, pl.col("children") > 0)
    weight = pl.col("children") / pl.col("children").sum()
    # A middle area is whole or out: part of its children would be counted without their activity.
    whole = joined.group_by("msoa_code").agg(whole=usable.all()).filter("whole")["msoa_code"]
    msoa = (
        lsoa.filter(pl.col("msoa_code").is_in(whole.to_list()))
        .group_by("msoa_code", "la_code", maintain_order=True)
        .agg(pl.col("quantity", "children").sum(), *((pl.col(c) * weight).sum() for c in asked.numeric))
        .rename({"msoa_code": "area_code"})
    )  # fmt: skip
    split = here["msoa_code"].n_unique() - len(whole)
    return {"lsoa": lsoa, "msoa": msoa}, {"lsoa": lost, "msoa": {"hidden or not sent": split}}


def _notes(received: Received, asked: AreaSpec) -> tuple[str, ...]:
    taken = received.answers.filter("taken").height
    said = [f"Children are counted where they came from (home address), {asked.unit} of {asked.year - 1}-{asked.year % 100:02d}."]  # fmt: skip
    if taken < ENOUGH:
        said.append(
            f"Only {taken} authorities answer; shares from under {ENOUGH} say little. `formula collection` tells how many are needed."
        )
    unknown = received.activity.filter(pl.col("area_code").str.to_lowercase() == UNKNOWN)
    without = float(unknown.filter(pl.col("unit") == asked.unit)["quantity"].sum())
    if without:
        said.append(f"{without:,.0f} {asked.unit} have no known area and are in no fit.")
    return tuple(said)


def received_text(found: AreaBased) -> str:
    """What `formula fit` prints of an area-based fit: both levels side by side, who answered, who is covered."""
    answers = found.answers
    taken = answers.filter("taken")
    lines = [f"{taken.height} of {answers.height} authorities are in."]
    lines += [
        f"  {r['la_code']}: {'in' if r['taken'] else 'OUT'}"
        + (f" ({r['why']})" if r["why"] else "")
        for r in answers.iter_rows(named=True)
        if r["why"] or not r["taken"]
    ]
    fits = [found.fits[level] for level in LEVELS]
    lines.append(f"{'':<16}{'small areas (LSOA)':>28}{'middle areas (MSOA)':>28}")
    for name in fits[0].coefficients:
        cells = [f"{f.coefficients[name]:.5f} (se {f.standard_errors[name]:.5f})" for f in fits]
        lines.append(f"{name:<16}" + "".join(f"{c:>28}" for c in cells))
    for level, label in (("area_code", "sd areas"), ("la_code", "sd authorities")):
        lines.append(f"{label:<16}" + "".join(f"{f.sds.get(level, 0.0):>28.5f}" for f in fits))
    lines.append(f"{'areas':<16}" + "".join(f"{f.areas:>28,}" for f in fits))
    lost = ["; ".join(f"{n} {why}" for why, n in found.dropped[level].items()) for level in LEVELS]
    lines.append(f"{'left out':<16}" + "".join(f"{text:>28}" for text in lost))
    lines.append(
        "Children aged 0 to 17 found in the school, early years or alternative provision census:"
    )
    for row in found.coverage.iter_rows(named=True):
        low = " LOW" if row["coverage"] < 0.6 else ""
        lines.append(
            f"  {row['la_code']:<12}{row['seen']:>9,} of {row['children']:>9,.0f}  {row['coverage']:.1%}{low}"
        )
    all_seen, everybody = found.coverage["seen"].sum(), found.coverage["children"].sum()
    lines.append(f"  {'All':<12}{all_seen:>9,} of {everybody:>9,.0f}  {found.covered():.1%}")
    said = [w for f in fits[:1] for w in f.warnings]
    return "\n".join([*lines, *(f"Note: {n}" for n in (*found.notes, *said))])
