"""Ledgers, published weekly costs, unit costs of services, projections: each with what it stands on."""

import polars as pl
import pytest

from threecircles.core.errors import UsageError
from threecircles.funding.ledger import load_mapping, read_ledger
from threecircles.funding.project import backtest, project
from threecircles.funding.spend_reconcile import reconcile
from threecircles.funding.spend_show import reconciliation_text
from threecircles.funding.value import value_for_money, value_text
from threecircles.funding.weekly import weekly_cost, weekly_costs
from threecircles.need.england import spend_lines_table
from threecircles.need.published_areas import find_england
from threecircles.need.published_indicators import england_indicators, series
from threecircles.sources.published import find_published
from threecircles.sources.published_outturn import outturn_lines, read_outturn

MAPPING = """id: health
label: A health ledger
source: made up
agency: health
columns: {line: Code, gross: Spend, income: Income, net: Net, term: Term, ends_on: Ends}
to_line: {SALT: speech}
"""


def test_a_ledger_is_read_by_its_mapping(tmp_path):
    """funding 1.2: unmapped money is unallocated; a net that is not gross less income is a finding."""
    (tmp_path / "m.yaml").write_text(MAPPING)
    (tmp_path / "l.csv").write_text(
        'Code,Spend,Income,Net,Term,Ends\nSALT,"1,000.50",0.50,1000,ends,2026-06-30\nX9,10,0,9,,\n'
    )
    lines, findings = read_ledger(
        tmp_path / "l.csv", load_mapping(tmp_path / "m.yaml"), la_code="E1", year=2026
    )
    assert lines["budget_line"].to_list() == ["speech", "unallocated"]
    assert lines["net_pence"].to_list() == [100_000, 900]
    assert findings.rows() == [(2, -100, "Net is not gross less income: off by -£1.00.")]
    (tmp_path / "l.csv").write_text("Code,Spend,Income,Net,Term,Ends\nSALT,lots,0,0,,\n")
    with pytest.raises(UsageError, match=r"row 1, column Spend: Spend is not a number"):
        read_ledger(tmp_path / "l.csv", load_mapping(tmp_path / "m.yaml"), la_code="E1", year=2026)


def test_weekly_costs_are_recomputed():
    """funding A3: 2,100.38 and 170.95."""
    assert weekly_cost(8_955_421_269, 81_770) == pytest.approx(2_100.38, abs=0.005)
    assert weekly_cost(3_586_900_940, 402_400) == pytest.approx(170.95, abs=0.005)
    with pytest.raises(UsageError, match="somebody to divide by"):
        weekly_cost(1, 0)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("year", "england"),
    [(2017, [1_095, 575, 3_430, 1_145, 115, 110]), (2025, [2_100, 765, 7_385, 1_450, 170, 110])],
)
def test_the_six_weekly_costs_of_england_are_read(reference_data, year, england):
    """funding A3; a number under 30 behind a cost is said."""
    folder = reference_data("lait/lait_long.parquet").parents[1]
    norfolk = weekly_costs(folder, "E10000020", year)
    assert norfolk["england"].to_list() == england
    assert not norfolk["doubtful"].any()
    if year == 2025:
        assert norfolk["authority"].to_list() == [2_590, 950, 8_900, 1_675, 90, 150]
        assert weekly_costs(folder, "E09000001", year)["doubtful"].any()


@pytest.mark.reference
def test_eight_lines_of_the_outturn_are_the_whole_of_it(reference_data):
    """funding A2: RO3 = RSX = £15,136,579.68 thousand over 150 authorities; of-which lines enter no sum."""
    folder = reference_data("spend/rsx_2024_25_childrens.parquet").parent
    files = find_published(folder, "outturn-ro3", "outturn-rsx")
    lines = read_outturn(files["outturn-ro3"])
    top = [r["line"] for r in outturn_lines() if r["kind"] == "top"]
    sums = {
        column: lines.filter(pl.col("line").is_in(top), pl.col("column") == column)["pence"].sum()
        for column in ("gross", "income", "net")
    }
    # Printed to ten pounds in the statement; the file holds pennies.
    printed = {"gross": 1_639_863_657_000, "income": 126_205_689_000, "net": 1_513_657_968_000}
    assert sums == pytest.approx(printed, abs=1_000)
    whole = read_outturn(files["outturn-rsx"]).filter(
        pl.col("line") == "total", pl.col("column") == "net"
    )
    assert whole["pence"].sum() == pytest.approx(sums["net"], abs=1_000)
    assert whole.filter(pl.col("certified"), pl.col("pence").is_not_null()).height == 150
    unknown = whole.filter(~pl.col("certified"))
    assert (unknown.height, unknown["pence"].null_count()) == (3, 3)


@pytest.mark.reference
def test_accounts_that_are_not_certified_are_named_so_in_every_table(reference_data):
    """funding A2: Birmingham, Cumberland and Slough, in the tables of England and where publications are compared."""
    three = ["Birmingham", "Cumberland", "Slough"]
    spine = find_england(reference_data())
    lines = spend_lines_table(spine)
    assert f"Not certified, so unknown: {', '.join(three)}." in " ".join(lines.spec.notes)
    per_child = series(next(i for i in england_indicators() if i.id == "spend-per-child"), spine)
    assert f"Not certified, so unknown: {', '.join(three)}." in " ".join(per_child.notes)
    codes = [code for code, name in spine.names.items() if name in three]
    held = lines.frame.filter(pl.col("area").is_in(codes))
    assert held.height > 0 and held["value"].null_count() == held.height
    none = pl.DataFrame(schema={"budget_line": pl.Utf8, "gross_pence": pl.Int64})
    for code in codes:
        table = reconcile(none, reference_data(), code, 2025)
        assert table["ro3"].null_count() == table.height
        assert set(table["ro3_missing"]) == {"not certified"}
        assert "not certified" in reconciliation_text(table)
    norfolk = reconcile(none, reference_data(), "E10000020", 2025)
    assert "not certified" not in reconciliation_text(norfolk)


@pytest.mark.reference
def test_a_raw_sheet_with_subtotals_gives_the_same_total(reference_data, tmp_path):
    """funding A2: class subtotals, the England row and the code row go."""
    path = reference_data("spend/rsx_2024_25_childrens.parquet")
    raw = pl.read_parquet(path)
    row = raw.filter(pl.col("ONS Code") == "E10000020")
    extra = [
        row.with_columns(pl.lit(code).alias("ONS Code"), pl.lit(99_999_999.0).alias("gbp_thousand"))
        for code in ("E92000001", "-", "E07000001")
    ]
    pl.concat([raw, *(e.select(raw.columns).cast(raw.schema) for e in extra)]).write_parquet(
        tmp_path / "raw.parquet"
    )
    table = read_outturn(find_published(tmp_path, "outturn-rsx")["outturn-rsx"])
    net = table.filter(pl.col("line") == "total", pl.col("column") == "net")["pence"].sum()
    assert net == pytest.approx(1_513_657_968_000, abs=1_000)


SERVICES = pl.DataFrame(
    [
        ("Hub", 10_000.0, 100, 120, "calmer", 50, 25),
        ("Club", 5_000.0, 10, 100, "calmer", 10, 5),
        ("Group", 5_000.0, 90, 100, "calmer", 9, 5),
    ],
    schema=["service", "pounds", "reached", "claimed", "outcome", "measured", "with_outcome"],
    orient="row",
)


def test_no_ratio_stands_on_a_handful():
    """funding 1.4: under 60% linked or under 10 measured gives no ratio, and says why."""
    made = {r["service"]: r for r in value_for_money(SERVICES).iter_rows(named=True)}
    assert made["Hub"]["per_child_with_outcome"] == pytest.approx(200)
    assert made["Hub"]["low"] < 200 < made["Hub"]["high"]
    assert made["Club"]["per_child_with_outcome"] is None
    assert made["Group"]["why_not"] == "fewer than 10 children measured"
    text = value_text(value_for_money(SERVICES)).lower()
    assert "caused" not in text
    assert "saved" not in text
    with pytest.raises(UsageError, match="More children with an outcome"):
        value_for_money(SERVICES.with_columns(with_outcome=pl.lit(99)))


def test_a_projection_stands_beside_its_past_errors():
    """funding 1.4: when the last value does best it is said."""
    years = range(2017, 2026)
    steady = pl.DataFrame(
        [(a, y, 100.0 * 1.05 ** (y - 2017)) for a in range(5) for y in years],
        schema=["area", "year", "value"], orient="row",
    )  # fmt: skip
    told = backtest(steady, 2022, 2025)
    assert told.errors["steady growth"] == pytest.approx(0, abs=1e-9)
    assert "Warning" not in told.text()
    flat = steady.with_columns(value=100 + (pl.col("year") < 2020) * 20.0)
    assert "no trend here is to be trusted" in backtest(flat, 2022, 2025).text()
    made = project({"0-17": 0.01}, {2026: {"0-17": 1000}, 2027: {"0-17": 1100}}, 100.0, 2025)
    assert made.filter(pl.col("assumption") == "low")["pounds"].to_list() == [1000.0, 1100.0]
    assert made.filter(pl.col("assumption") == "middle")["pounds"].to_list() == pytest.approx(
        [1020, 1144.44]
    )
