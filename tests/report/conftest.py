"""A small made-up pack for the tests of pages: every number here is invented."""

import json
from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.disclosure import release
from threecircles.report.context import Context
from threecircles.report.pack import make_pack
from threecircles.report.site import write_site


def as_safe(table: Measured) -> release.Safe:
    """The table as disclosure would hand it on, nothing hidden beyond what `symbol` says."""
    frame = table.frame
    if "symbol" not in frame.columns:
        frame = frame.with_columns(symbol=pl.lit(""))
    return release.Safe(
        spec=table.spec,
        frame=frame,
        profile="la-default",
        profile_version="2026",
        fictitious=True,
        token=release._TOKEN,
    )


def measured(spec: TableSpec, rows: list[dict]) -> Measured:
    """Rows with defaults: dimensions unsaid are the total, figures unsaid are null."""
    columns = [d.column for d in spec.dimensions]
    full = []
    for row in rows:
        base = dict.fromkeys(columns, TOTAL) | {
            "measure": "value", "value": None, "low": None, "high": None, "numerator": None,
            "denominator": None, "n": None, "reason": None, "symbol": "",
        }  # fmt: skip
        full.append(base | row)
    types = dict.fromkeys(("value", "low", "high", "numerator", "denominator"), pl.Float64)
    texts = dict.fromkeys((*columns, "measure", "reason", "symbol"), pl.String)
    return Measured(spec, pl.DataFrame(full, schema_overrides={**types, **texts, "n": pl.Int64}))


def share(
    measure: str, value: float | None, n: int = 2_400, population: int = 21_300, **where
) -> dict:
    """A share with an interval, or a hidden one when the value is None."""
    if value is None:
        return {"measure": measure, "symbol": "[c]", **where}
    half = 1.96 * (value * (1 - value) / n) ** 0.5
    return {
        "measure": measure, "value": value, "low": max(0.0, value - half), "high": min(1.0, value + half),
        "numerator": float(round(value * population)), "denominator": float(population), "n": n, **where,
    }  # fmt: skip


def spec(table_id: str, title: str, *dimensions: Dimension, **more) -> TableSpec:
    """A specification with the made-up pack's period and population."""
    given = {
        "population": "children",
        "period": "Year ending 31 March 2026",
        "unit": "share",
        "kind": "share",
    }
    return TableSpec(
        id=table_id,
        title=title,
        dimensions=dimensions,
        sources=("survey-pupils", "cin-census"),
        **(given | more),
    )


def circle_rows(need, service, both, n=2_400, population=21_300, **where):
    """The eight measures of the circles."""
    base = {"n": n, "population": population, **where}
    return [
        share("need", need, **base), share("service", service, **base), share("both", both, **base),
        share("need_only", need - both, **base), share("service_only", service - both, **base),
        share("neither", 1 - need - service + both, **base),
        share("coverage", both / need, **{**base, "n": round(n * need)}),
        share("targeting", both / service, **{**base, "n": round(n * service)}),
    ]  # fmt: skip


FIFTHS = Dimension(
    column="fifth", label="Deprivation fifth", order=("1", "2", "3", "4", "5"),
    labels={"1": "Most deprived", "2": "Second", "3": "Third", "4": "Fourth", "5": "Least deprived"},
)  # fmt: skip


def made_up_tables() -> list[Measured]:
    """One table of each kind that pages know."""
    phase = Dimension(column="phase", label="School phase", order=("primary", "secondary"),
                      labels={"primary": "Primary", "secondary": "Secondary"})  # fmt: skip
    kinds = {
        "emotional": "Feelings",
        "conduct": "Behaviour",
        "physical": "Health",
        "cognitive": "Learning",
    }
    kind = Dimension(column="dimension", label="Kind of need", labels=kinds)
    count = Dimension(column="count", label="Number of kinds", order=("0", "1", "2", "3 or more"))
    process = Dimension(column="process", label="Service", order=("early_help", "cin", "cpp", "cla"), labels={
        "early_help": "Early help", "cin": "Child in need plan", "cpp": "Child protection plan", "cla": "Looked after"})  # fmt: skip
    states = {
        "none": "No service",
        "early_help": "Early help",
        "cin": "In need",
        "cpp": "Protection plan",
        "cla": "Looked after",
    }
    start = Dimension(column="from", label="From", order=tuple(states), labels=states)
    end = Dimension(column="to", label="To", order=tuple(states), labels=states)
    line = Dimension(
        column="line",
        label="Line",
        labels={"3.1": "Children looked after", "3.2": "Family support", "3.3": "Youth justice"},
    )
    area = Dimension(
        column="area",
        label="Area",
        labels={f"E{k}": f"Council {chr(65 + k)}" for k in range(11)}
        | {"EN": "England", "RE": "Region"},
    )
    role = Dimension(column="role", label="Role")
    rule = Dimension(
        column="rule",
        label="Rule",
        labels={"8925": "Plan ends before it starts", "100": "Birth date missing"},
    )
    source = Dimension(
        column="source",
        label="Source",
        labels={"cin-census": "Children in need census", "ssda903": "Looked after return"},
    )
    tables = [
        measured(spec("circles-place", "High need and contact with services"), circle_rows(0.24, 0.10, 0.06)),
        measured(spec("circles-phase", "The circles by school phase", phase), [
            *circle_rows(0.24, 0.10, 0.06), *circle_rows(0.20, 0.08, 0.045, 1_200, phase="primary"),
            *circle_rows(0.28, 0.12, 0.075, 1_200, phase="secondary")]),
        measured(spec("circles-deprivation", "The circles by deprivation", FIFTHS), [
            r for k in range(5) for r in circle_rows(0.34 - 0.05 * k, 0.16 - 0.025 * k, 0.09 - 0.014 * k, 480, fifth=str(k + 1))]),
        measured(spec("need-dimensions", "Kinds of need", kind), [share("impaired", v, dimension=k) for k, v in
            zip(kinds, (0.17, 0.09, 0.08, None), strict=True)]),
        measured(spec("need-distribution", "Number of kinds of need", count), [share("children_share", v, count=k) for k, v in
            zip(("0", "1", "2", "3 or more"), (0.62, 0.20, 0.11, 0.07), strict=True)]),
        measured(spec("services-stock", "Children open", process, unit="children", kind="count"), [
            {"measure": "children", "value": v, "n": int(v), "process": k} for k, v in zip(process.order, (610.0, 720.0, 96.0, 131.0), strict=True)]),
        measured(spec("journey-links", "Where children were a year later", start, end, unit="children", kind="count"), [
            {"measure": "children", "value": v, "from": a, "to": b} for a, b, v in (
                ("none", "early_help", 300.0), ("none", "cin", 210.0), ("early_help", "none", 260.0), ("early_help", "cin", 90.0),
                ("cin", "none", 330.0), ("cin", "cin", 280.0), ("cin", "cpp", 60.0), ("cpp", "cin", 40.0), ("cpp", "cla", 20.0), ("cla", "cla", 110.0))]
            + [{"measure": "children", "from": "cla", "to": "none", "symbol": "[c]"}]),
        measured(spec("spend-lines", "Net spend", line, unit="pounds", kind="money"), [
            {"measure": "net_current", "value": v, "line": k} for k, v in (("3.1", 9.8e6), ("3.2", 4.1e6), ("3.3", 0.5e6))]),
        measured(spec("neighbours-cin", "Children in need", area, role, unit="per 10,000 children", kind="published"), [
            {"measure": "cin", "value": 250.0 + 14 * k, "low": 240.0 + 14 * k, "high": 262.0 + 14 * k, "area": f"E{k}", "role": "self" if k == 4 else "neighbour"} for k in range(11)]
            + [{"measure": "cin", "value": 330.3, "area": "EN", "role": "england"}, {"measure": "cin", "value": 301.2, "area": "RE", "role": "region"}]),
        measured(spec("quality-rules", "Rules with findings", rule, unit="findings", kind="quality"), [
            {"measure": m, "value": v, "rule": k} for k, a, b in (("8925", 14.0, 900.0), ("100", 3.0, 2_100.0)) for m, v in (("findings", a), ("rows_checked", b))]),
        measured(spec("linkage-summary", "Records joined", source, kind="quality"), [
            share("linked_share", v, source=k) for k, v in (("cin-census", 0.985), ("ssda903", 0.991))]),
    ]  # fmt: skip
    ward = Dimension(
        column="ward", label="Ward", labels={f"W{k}": f"Ward {k}" for k in range(1, 7)}
    )
    shares = (0.31, 0.27, 0.24, 0.22, None, 0.15)
    rows = [share("need", v, n=400, ward=f"W{k}") for k, v in enumerate(shares, 1)]
    rows += [
        share("coverage", v and 0.4 - v / 2, n=90, ward=f"W{k}") for k, v in enumerate(shares, 1)
    ]
    tables.append(measured(spec("circles-ward", "The circles by ward", ward), rows))
    return tables


def six_wards(folder):
    """Boundaries of six square wards, W1 to W6."""
    features = []
    for k in range(6):
        x, y = k % 3, k // 3
        ring = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1], [x, y]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append(
            {"type": "Feature", "properties": {"WD24CD": f"W{k + 1}"}, "geometry": shape}
        )
    path = folder / "ward.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="session")
def context(tmp_path_factory) -> Context:
    """The made-up place."""
    wards = six_wards(tmp_path_factory.mktemp("boundaries"))
    return Context(place="Made-up county council", la_code="E10900001", period="Year ending 31 March 2026",
                   made_on=date(2026, 6, 30), fictitious=True, boundaries={"ward": wards})  # fmt: skip


@pytest.fixture(scope="session")
def pack(context):
    """A pack from all made-up tables."""
    return make_pack([as_safe(t) for t in made_up_tables()], context)


@pytest.fixture(scope="session")
def partial_pack(context):
    """A pack of a place that has the circles and nothing else."""
    return make_pack(
        [as_safe(t) for t in made_up_tables() if t.spec.id.startswith("circles")], context
    )


@pytest.fixture(scope="session")
def site(pack, tmp_path_factory):
    """The pack's static site on disk."""
    folder = tmp_path_factory.mktemp("site")
    write_site(pack, folder)
    return folder


@pytest.fixture(scope="session")
def made_up() -> SimpleNamespace:
    """What the tests build tables with."""
    return SimpleNamespace(
        as_safe=as_safe,
        tables=made_up_tables,
        measured=measured,
        share=share,
        spec=spec,
        circle_rows=circle_rows,
    )
