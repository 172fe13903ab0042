"""The commands of the record as an analyst types them."""

import json
from datetime import date
from functools import partial

import polars as pl
import pytest
from typer.testing import CliRunner

from threecircles.cli import record as cli
from threecircles.core.engines import engine as make
from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.record import commands
from threecircles.record.schema import conform
from threecircles.record.tables import table

GRANT = Grant(
    purpose="needs_assessment", actor="analyst", basis="s11", policies=("p1",), attributes=frozenset({"*"}),
)  # fmt: skip
COUNTS = [("cin_2026", "children-in-need", "Children in need at 31 March", 4643, 4655, 12, 0,
           "12 open in an earlier return and not shown in this one")]  # fmt: skip


@pytest.fixture
def workspace(monkeypatch):
    """A workspace whose census says 4,643 where the record says 4,655."""
    names = ["extract_id", "figure", "label", "source_count", "record_count", "explained", "unexplained", "because"]  # fmt: skip
    lines = pl.DataFrame({"extract_id": ["cin_2026"] * 12, "figure": "children-in-need", "side": "record",
                          "person_id": [f"P{i}" for i in range(12)],
                          "reason": "open in an earlier return and not shown in this one"})  # fmt: skip
    held = {
        "record.reconciliation": conform(pl.DataFrame(COUNTS, schema=names, orient="row"), table("reconciliation")),
        "record.reconciliation_line": conform(lines, table("reconciliation_line")),
        "record.extract": conform(
            pl.DataFrame({"extract_id": ["cin_2026"], "source_id": ["cin-census"], "la_code": ["E1"],
                          "as_of": [date(2026, 3, 31)], "received_on": [date(2026, 5, 1)],
                          "period_start": [date(2025, 4, 1)], "period_end": [date(2026, 3, 31)],
                          "shape": ["window"], "absence": ["unknown"]}),
            table("extract"),
        ),
    }  # fmt: skip
    looks = []

    def given(name, frames):
        return make("polars").frame(frames[name]) if name in frames else None

    def opened(folder, purpose, by=None):
        looks.append(purpose)
        return partial(given, frames=held), GRANT

    monkeypatch.setattr(cli, "_frames", lambda folder: partial(given, frames=held))
    monkeypatch.setattr(cli, "_opened", opened)
    return looks


def run(*words):
    import typer

    app = typer.Typer()
    cli.register(app)
    return CliRunner().invoke(app, ["record", *words])


def test_why_the_census_says_otherwise_is_one_command(workspace):
    """A16: the counts with their reason in words, and the children behind them under a purpose."""
    told = run("reconcile", "cin-census")
    assert told.exit_code == 0
    assert (
        "4643\t4655\t12\t0\t12 open in an earlier return and not shown in this one" in told.output
    )
    assert workspace == []
    lines = run("reconcile", "cin-census", "--lines", "--json", "-")
    rows = json.loads(lines.output)
    assert len(rows) == 12 and {r["reason"] for r in rows} == {"open in an earlier return and not shown in this one"}  # fmt: skip
    assert workspace == ["needs_assessment"]


def test_machine_output_goes_to_the_file_named(workspace, tmp_path):
    assert run("reconcile", "--json", str(tmp_path / "r.json")).exit_code == 0
    assert json.loads((tmp_path / "r.json").read_text())[0]["record_count"] == 4655


def test_a_sample_says_which_columns_a_mapping_would_miss(tmp_path):
    """Section 11: map check FILE --sample DATA."""
    from threecircles.definitions import HOME

    sample = tmp_path / "reviews.csv"
    sample.write_text("nhs_number,forename,surname,dob,review_date,asq_communication\n9000000009,A,B,2023-01-01,2025-03-01,40\n")  # fmt: skip
    path = HOME / "mappings" / "two-year-review" / "2015.yaml"
    told = commands.map_check(path, commands.sample_tables(path, [sample]))
    assert "asq_gross_motor" in told["columns_absent"][0].to_list()


def test_a_source_that_the_place_has_not_is_named(tmp_path):
    (tmp_path / "place.yaml").write_text(
        "id: p\nlabel: P\nla_code: E1\ndfe_number: '999'\nfictitious: true\nseed: 1\nyear: 2026\n"
        "deliveries:\n  - {id: a, source: cin-census, files: [a.xml], received_on: 2026-05-01, as_of: 2026-03-31, year: 2026}\n",
        encoding="utf-8",
    )
    (tmp_path / "a.xml").write_text("<Message/>", encoding="utf-8")
    with pytest.raises(UsageError, match="cin-census"):
        commands.check_source("cin", tmp_path)
