"""The quality of a linkage as a page for people who know nothing of linkage, and as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.workspace import write_bytes
from threecircles.identity.by_group import GAP, OfGroup
from threecircles.identity.empty_fields import Emptier
from threecircles.identity.estimates import Quality
from threecircles.identity.request import read_text

_STYLE = (
    "body{font:1.1rem/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#0b0c0c;background:#fff}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}caption{font-weight:bold;text-align:left;padding:.5rem 0}"
    "th,td{border-bottom:1px solid #b1b4b6;padding:.4rem .6rem;text-align:right}th[scope=row],thead th:first-child{text-align:left}"
)


def headlines(
    whole: Quality, groups: list[OfGroup], reviewed: bool, emptier: Sequence[Emptier] = ()
) -> list[str]:
    """What a reader should know first: who is missed most, how many links are wrong, what follows.

    emptier: groups by how often their fields are empty (see `empty_fields`).
    """
    wrong = whole.links * (1 - whole.precision)
    missed = max(0.0, whole.true_links * (1 - whole.recall))
    how = (
        "from a reviewed sample"
        if reviewed
        else "from the scores alone; a reviewed sample would be surer"
    )
    said = [
        f"Of {whole.links:,} links, about {wrong:,.0f} join two children ({how}).",
        f"About {missed:,.0f} links are missed: {1 - whole.recall:.1%} of those that should exist.",
    ]  # fmt: skip
    worst = [g for g in groups if g.headline]
    for g in worst:
        ends = max(0.0, g.interval[0]), g.interval[1]
        said.append(
            f"Missed more than others: {g.kind}, {g.group}. {1 - g.quality.recall:.1%} of their links are missing,"
            f" {g.gap * 100:.1f} points more than of all (95% interval {ends[0] * 100:.1f} to {ends[1] * 100:.1f})."
        )
    if not worst:
        said.append(f"No group is missed by more than {GAP * 100:.0f} point beyond chance.")
        if groups and groups[0].interval[0] > 0:
            said.append(f"Missed most, within that: {groups[0].kind}, {groups[0].group}.")
        elif groups:
            said.append("Smaller differences between groups are no larger than chance gives.")
    named = [e for e in emptier if e.headline]
    said += [e.said() for e in named]
    likely = [(g.kind, g.group) for g in worst] or [(e.kind, e.group) for e in named]
    factor = whole.precision / whole.recall if whole.recall else 1.0
    said.append(
        f"What it does to the three circles: where 1,000 children are counted in two of them, about {1000 * factor:,.0f} are."
        " A child whose link is missed looks like a child whom no service knows, so unmet need looks larger than it is"
        + (f", most of all for those of {likely[0][0]}, {likely[0][1]}." if likely else ".")
    )
    return said


def as_table(whole: Quality, groups: list[OfGroup]) -> pl.DataFrame:
    """kind, group, links, wrong_links, precision, precision_low, precision_high, recall, recall_low, recall_high, gap_points."""
    rows = [("all", "all", whole, 0.0), *((g.kind, g.group, g.quality, g.gap) for g in groups)]
    made = []
    for kind, group, q, gap in rows:
        (p_low, p_high), (r_low, r_high) = q.intervals()
        made.append((kind, group, q.links, round(q.links * (1 - q.precision), 1), *(round(x, 5) for x in (q.precision, p_low, p_high, q.recall, r_low, r_high)), round(gap * 100, 2)))  # fmt: skip
    names = [
        "kind",
        "group",
        "links",
        "wrong_links",
        "precision",
        "precision_low",
        "precision_high",
        "recall",
        "recall_low",
        "recall_high",
        "gap_points",
    ]
    return pl.DataFrame(made, schema=names, orient="row")


def coverage(records: pl.DataFrame, population: Path, year: int) -> pl.DataFrame:
    """age, population, persons, seen (share): how many children of each age the lists hold at all.

    records: person_id, birth_year. population: CSV with columns age and population (such as the ONS
    mid-year estimate of the authority). Ages are those reached in the year. Raises ThreeCirclesError.
    """
    table = read_text(population)
    plain = {c.strip().casefold(): c for c in table.columns}
    if not {"age", "population"} <= plain.keys():
        raise ThreeCirclesError(
            "The population needs the columns age and population.", where=population.name, found=", ".join(table.columns),
            mend="Keep one row for each single year of age of your authority.",
        )  # fmt: skip
    known = table.select(
        pl.col(plain["age"]).str.extract(r"(\d+)").cast(pl.Int64).alias("age"),
        pl.col(plain["population"]).str.replace_all(",", "").cast(pl.Float64, strict=False).alias("population"),
    ).drop_nulls().group_by("age").agg(pl.col("population").sum())  # fmt: skip
    born = records.filter(pl.col("birth_year").is_not_null()).unique("person_id")
    counted = (
        born.select((year - pl.col("birth_year").cast(pl.Int64)).alias("age"))
        .group_by("age")
        .agg(pl.len().alias("persons"))
    )
    joined = known.join(counted, on="age", how="left").with_columns(pl.col("persons").fill_null(0))
    return joined.with_columns((pl.col("persons") / pl.col("population")).round(4).alias("seen")).sort("age")  # fmt: skip


def unseen(covered: pl.DataFrame) -> str:
    """The ages that the lists hold least of, in words."""
    least = covered.sort("seen", "age").row(0, named=True)
    nobody = covered.filter(pl.col("persons") == 0)["age"].to_list()
    told = f"Of children aged {least['age']}, the lists hold {least['seen']:.0%} of the population, fewest of all ages."
    return told + (f" Nobody is seen at all at ages: {', '.join(map(str, nobody))}." if nobody else "")  # fmt: skip


def write(
    out: Path, said: list[str], groups: pl.DataFrame, sources: pl.DataFrame, ages: pl.DataFrame,
    covered: pl.DataFrame | None = None, empty: pl.DataFrame | None = None,
) -> list[Path]:  # fmt: skip
    """quality.html and the tables behind it as CSV; returns the files."""
    tables = {"by-group": ("Links by group", groups), "by-source": ("Records by source", sources), "by-birth-year": ("Records linked, by source and year of birth", ages)}  # fmt: skip
    if empty is not None and len(empty):
        tables["empty-fields"] = ("Fields left empty, by group, against others of the same lists", empty)  # fmt: skip
    if covered is not None:
        tables["coverage"] = ("Children seen, by age, against the population", covered)
    body = "".join(f"<p>{escape(s)}</p>" for s in said)
    body += "".join(_html_table(title, t) for title, t in tables.values())
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>How well were these lists linked?</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main>'
        f"<h1>How well were these lists linked?</h1>{body}</main></body></html>\n"
    )
    written = [out / "quality.html"]
    write_bytes(written[0], page.encode())
    for name, (_, table) in tables.items():
        path = out / f"quality-{name}.csv"
        write_bytes(path, table.write_csv().encode())
        written.append(path)
    return written


def _html_table(title: str, table: pl.DataFrame) -> str:
    head = "".join(f'<th scope="col">{escape(c.replace("_", " "))}</th>' for c in table.columns)
    rows = []
    for row in table.iter_rows():
        first, *rest = (escape(_cell(v)) for v in row)
        rows.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{c}</td>" for c in rest)}</tr>')  # fmt: skip
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
