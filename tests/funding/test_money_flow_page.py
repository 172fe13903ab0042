"""The page of who pays, how early, to what end, from a run's step to its drawing (spec/funding.md 1.4)."""

from datetime import date
from types import SimpleNamespace

import narwhals as nw
import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.core.tables import TOTAL
from threecircles.disclosure.release import protect
from threecircles.funding.partners import ledgers_of
from threecircles.funding.steps import spend
from threecircles.report.context import Context
from threecircles.report.pages.spend import page
from threecircles.report.released import released

LINES = pl.DataFrame(
    {
        "spend_id": ["a", "b", "c"], "agency": ["local authority"] * 3, "la_code": ["E1"] * 3,
        "budget_line": ["3.0.1", "3.1.1", "9.9"], "line_label": ["Centres", "Homes", "Something new"],
        "year": [2026] * 3, "stage": ["outturn"] * 3, "gross_pence": [100_001, 900_000, 70_000],
        "income_pence": [0, 0, 0], "net_pence": [100_001, 900_000, 70_000],
    }
)  # fmt: skip
PEOPLE = pl.DataFrame({"measure_id": ["population"], "age": [3], "value": [40_000.0]})
MAPPING = """id: health
label: Health ledger
source: test
agency: health
columns: {line: code, gross: spend}
to_line: {MH: health.mental-health}
"""


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "partners"
    folder.mkdir()
    (folder / "health.csv").write_text("code,spend\nMH,500.00\nXX,12.34\n")
    (folder / "health.yaml").write_text(MAPPING)
    return SimpleNamespace(dir=tmp_path, settings={"ledgers": "partners"})


def tables(place):
    lines, people = nw.from_native(LINES.lazy()), nw.from_native(PEOPLE.lazy())
    return spend(lines, people, 2026, "demo", ledgers_of(place))


def pounds(table, measure="net", **where):
    chosen = {"agency": TOTAL, "prevention_level": TOTAL, "outcome_area": TOTAL} | where
    return table.frame.filter(measure=measure, **chosen)["value"].item()


def test_every_total_of_the_flow_is_the_sum_of_its_parts_to_the_penny(place):
    flow = next(t for t in tables(place) if t.spec.id == "spend-flow")
    assert pounds(flow) == 1000.01 + 9000 + 700 + 500 + 12.34
    assert pounds(flow, agency="health") == 512.34
    assert pounds(flow, agency="health", prevention_level="unallocated") == 12.34
    for dimension in flow.spec.dimensions:
        parts = [pounds(flow, **{dimension.column: v}) for v in dimension.order]
        assert sum(parts) == pytest.approx(pounds(flow), abs=1e-9)
    assert pounds(flow, "net_assumed", prevention_level="unallocated") == 0
    assert pounds(flow, "net_assumed", agency="local authority") == pytest.approx(10_000.01)
    assert "Health ledger" in flow.spec.notes[0]


def test_the_page_draws_the_flow_and_shows_the_matrix_from_released_tables(place):
    context = Context(place="Fictshire", la_code="E1", period="2025-26", made_on=date(2026, 4, 1))
    made = page(released(protect(tables(place))), context)
    figure = next(b for b in made.blocks if getattr(b, "id", "") == "spend-flow")
    assert "url(#spend-flow-hatch)" in figure.svg.text and "Not allocated" in figure.svg.text
    matrix = next(b for b in made.blocks if getattr(b, "id", "") == "spend-matrix")
    assert matrix.columns[0].label == "How early"
    shown = {row[0]: row[-1].number for row in matrix.rows}
    assert shown["All"] == pytest.approx(sum(v for k, v in shown.items() if k != "All"))
    words = " ".join(p for b in made.blocks for p in getattr(b, "paragraphs", ()))
    assert "not allocated to a level of prevention" in words


def test_a_ledger_without_its_mapping_or_that_does_not_add_up_is_refused(place):
    folder = place.dir / "partners"
    (folder / "health.yaml").write_text(MAPPING.replace("gross: spend", "gross: spend, net: code"))
    (folder / "health.csv").write_text("code,spend\n1,500.00\n")
    with pytest.raises(UsageError, match="does not add up"):
        tables(place)
    (folder / "health.yaml").unlink()
    with pytest.raises(UsageError, match="no mapping"):
        ledgers_of(place)
