"""Need, use and spend of England's 153 authorities from published files: the yardstick beside every place's own figures."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.published_areas import England, broken_series, find_england
from threecircles.need.published_indicators import COLUMNS, Series, england_indicators, series
from threecircles.need.published_neighbours import neighbour_set, neighbours
from threecircles.sources.published_outturn import outturn_lines, read_outturn

STEP = "need.england"


def england(data_dir: Path) -> list[Measured]:
    """Every table of the comparison, all of kind "published".

    data_dir: a folder that holds the publishers' files under any names. Gives `england-<indicator>`
    (dimensions area, region; the newest period), `england-years` (indicator, area, region, year),
    `england-neighbours` (area, neighbour; measures rank and closeness) and `england-spend-lines` (area,
    region, line; measures gross and net, pounds). An unknown figure has a reason, never nought.
    Raises ThreeCirclesError that names the files not found.
    """
    spine = find_england(data_dir)
    told = [series(i, spine) for i in england_indicators()]
    return [
        *(newest_table(s, spine) for s in told),
        years_table(told, spine),
        neighbours_table(spine),
        spend_lines_table(spine),
    ]


def compared_with_neighbours(
    data_dir: Path, area: str, leave_out: frozenset[str] = frozenset()
) -> list[Measured]:
    """`neighbours-<indicator>` for one authority: itself, its statistical neighbours, its region, England.

    area: ONS code. leave_out: closeness codes of neighbours not to show ("not-close").
    Dimensions area and role (self, neighbour, region, england).
    """
    spine = find_england(data_dir)
    chosen = neighbour_set(spine, area, leave_out)
    region = spine.authorities.filter(pl.col("area") == area).item(0, "region")
    roles = {area: "self", region: "region", "E92000001": "england"} | dict.fromkeys(
        chosen.members, "neighbour"
    )
    tables = []
    for told in (series(i, spine) for i in england_indicators()):
        newest = _newest(told.figures).filter(pl.col("area").is_in(list(roles)))
        frame = newest.with_columns(
            pl.lit(told.indicator.id).alias("measure"),
            pl.col("area").replace_strict(roles, return_dtype=pl.Utf8).alias("role"),
        )
        role = Dimension(
            column="role", label="Which is", order=("self", "neighbour", "region", "england")
        )
        spec = _spec(told, spine, f"neighbours-{told.indicator.id}", (role,), (chosen.note(),))
        tables.append(Measured(spec, frame.select("area", "role", *_FIGURES)))
    return tables


_FIGURES = ("measure", "value", "low", "high", "numerator", "denominator", "n", "reason")


def newest_table(told: Series, spine: England) -> Measured:
    """The newest period of one indicator for every authority, region and England."""
    frame = _placed(_newest(told.figures)).with_columns(pl.lit(told.indicator.id).alias("measure"))
    spec = _spec(told, spine, f"england-{told.indicator.id}", (_region(spine),))
    return Measured(spec, frame.select("area", "region", *_FIGURES).sort("region", "area"))


def years_table(told: list[Series], spine: England) -> Measured:
    """All years of all indicators. Years before an authority's reorganisation are not its own and are not there."""
    born = broken_series()
    numbers = dict(spine.authorities.select("la_number", "area").iter_rows())
    first = {numbers[n]: year for n, year in born.items() if n in numbers}
    frames = []
    for each in told:
        own = each.figures.filter(
            ~pl.col("area").is_in(list(first))
            | (
                pl.col("year")
                >= pl.col("area").replace_strict(first, default=0, return_dtype=pl.Int64)
            )
        )
        # A revised figure of a year takes the place of the first one.
        own = own.unique(["area", "year"], keep="last", maintain_order=True)
        frames.append(own.with_columns(pl.lit(each.indicator.id).alias("indicator")))
    frame = _placed(pl.concat(frames)).with_columns(
        pl.col("year").cast(pl.Utf8), pl.lit("value").alias("measure")
    )
    ordered = tuple(s.indicator.id for s in told)
    years = frame.get_column("year").to_list()
    spec = TableSpec(
        id="england-years",
        title="Need, use and spend over the years",
        population="england-published",
        period=" to ".join((min(years), max(years))),
        unit="",
        dimensions=(
            Dimension(column="indicator", label="Indicator", order=ordered,
                      labels={s.indicator.id: f"{s.indicator.label}, {s.indicator.unit}" for s in told}),
            _area(spine), _region(spine), Dimension(column="year", label="Year it ends in"),
        ),
        kind="published",
        notes=("Each indicator follows its own calendar; compare years within one indicator only.",
               "Authorities made by a reorganisation begin in their first full year."),
        definitions=ordered,
        sources=_sources(spine),
        step=STEP,
    )  # fmt: skip
    return Measured(spec, frame.select("indicator", "area", "region", "year", *_FIGURES))


def neighbours_table(spine: England) -> Measured:
    """The ten statistical neighbours of each authority: rank and closeness (1 extremely close to 5 not close)."""
    near = neighbours(spine)
    empty = [
        pl.lit(None, t).alias(c)
        for c, t in COLUMNS.items()
        if c in ("low", "high", "numerator", "denominator")
    ]
    frame = near.unpivot(
        on=["rank", "level"],
        index=["area", "neighbour"],
        variable_name="measure",
        value_name="value",
    ).with_columns(
        pl.col("measure").replace({"level": "closeness"}),
        pl.col("value").cast(pl.Float64),
        *empty,
        pl.lit(None, pl.Int64).alias("n"),
        pl.lit(None, pl.Utf8).alias("reason"),
    )
    names = dict(spine.names)
    spec = TableSpec(
        id="england-neighbours",
        title="Statistical neighbours of each authority",
        population="england-published",
        period="2025",
        unit="",
        dimensions=(_area(spine), Dimension(column="neighbour", label="Neighbour", labels=names)),
        kind="published",
        notes=(
            "Closeness runs from 1, extremely close, to 5, not close.",
            "The relation is not symmetric.",
        ),
        definitions=("statistical-neighbours-2025",),
        sources=("statistical-neighbours",),
        step=STEP,
    )
    return Measured(spec, frame.select("area", "neighbour", *_FIGURES))


def spend_lines_table(spine: England) -> Measured:
    """Gross and net spend of each authority on each line, pounds; uncertified accounts are unknown."""
    lines = [r for r in outturn_lines() if r["kind"] in ("top", "of_which")]
    order = tuple(r["line"] for r in lines)
    frame = (
        read_outturn(spine.files["outturn-ro3"])
        .filter(pl.col("line").is_in(list(order)), pl.col("column").is_in(["gross", "net"]))
        .join(spine.authorities.select("area", "region"), on="area")
        .select(
            "area", "region", "line", pl.col("column").alias("measure"), (pl.col("pence") / 100).alias("value"),
            *(pl.lit(None, pl.Float64).alias(c) for c in ("low", "high", "numerator", "denominator")),
            pl.lit(None, pl.Int64).alias("n"),
            pl.when(pl.col("pence").is_null()).then(pl.col("reason")).alias("reason"),
        )
        .sort("area", "line", "measure")
    )  # fmt: skip
    known = frame.filter(
        pl.col("measure") == "net", pl.col("line") == "looked-after", pl.col("value").is_not_null()
    )
    certified = set(known["area"].to_list())
    blank = [spine.names[a] for a in spine.authorities["area"].to_list() if a not in certified]
    spec = TableSpec(
        id="england-spend-lines",
        title="Spend on children's social care by line",
        population="england-spend",
        period=spine.files["outturn-ro3"].table.period,
        unit="pounds",
        dimensions=(
            _area(spine), _region(spine),
            Dimension(column="line", label="Line", order=order, labels={r["line"]: r["label"] for r in lines},
                      parents={r["line"]: r["parent"] for r in lines if r["parent"]}),
        ),
        kind="published",
        notes=(f"{known.height} of {spine.authorities.height} authorities had certified accounts. "
               f"Not certified, so unknown: {', '.join(sorted(blank))}.",
               "Lines of which stand inside children looked after; do not add them to it."),
        definitions=("outturn-ro3",),
        sources=("outturn-ro3",),
        step=STEP,
    )  # fmt: skip
    return Measured(spec, frame)


def _newest(figures: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest period of authorities; where one period stands twice, the last published."""
    newest = (
        figures.filter(pl.col("level") == "authority", pl.col("value").is_not_null())
        .get_column("year")
        .max()
    )
    return figures.filter(pl.col("year") == newest).unique("area", keep="last", maintain_order=True)


def _placed(figures: pl.DataFrame) -> pl.DataFrame:
    """Regions and England as totals of the columns they sum."""
    level = pl.col("level")
    return figures.with_columns(
        pl.when(level == "authority").then(pl.col("area")).otherwise(pl.lit(TOTAL)).alias("area"),
        pl.when(level == "england").then(pl.lit(TOTAL)).otherwise(pl.col("region")).alias("region"),
    )


def _spec(
    told: Series,
    spine: England,
    table_id: str,
    more: tuple[Dimension, ...],
    notes: tuple[str, ...] = (),
) -> TableSpec:
    indicator = told.indicator
    periods = _newest(told.figures).get_column("period").drop_nulls().unique().to_list()
    return TableSpec(
        id=table_id,
        title=indicator.label,
        population="england-published",
        period=", ".join(sorted(periods)),
        unit=indicator.unit,
        dimensions=(_area(spine), *more),
        kind="published",
        notes=tuple(n for n in (*notes, *told.notes, indicator.caveat) if n),
        definitions=(indicator.id,),
        sources=(indicator.source,),
        step=STEP,
    )


def _area(spine: England) -> Dimension:
    parents = dict(spine.authorities.select("area", "region").iter_rows())
    return Dimension(
        column="area",
        label="Authority",
        labels=dict(spine.names),
        parents=parents,
        vintage="utla23",
    )


def _region(spine: England) -> Dimension:
    return Dimension(column="region", label="Region", labels=dict(spine.names))


def _sources(spine: England) -> tuple[str, ...]:
    return tuple(sorted({f.table.source for f in spine.files.values()}))
