"""Partners' ledgers in the dress agencies send them, and the pool three of them book (spec/funding.md 1.1, 1.2)."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import spend
from threecircles.core.errors import UsageError
from threecircles.funding.ledger import load_mapping, read_ledger
from threecircles.funding.partners import ledgers_of, partners_lines
from threecircles.synthetic.funds import COLUMNS
from threecircles.synthetic.ledgers import write_partner

MAPPING = """id: {id}
label: {id}'s ledger
source: made up
agency: health
columns: {{line: Code, gross: Spend, agency: Whose, term: Term, ends_on: Ends, pool_id: Pool, pool_total: Of, fenced_to: Only}}
agencies: {{ICB: health, Constabulary: police}}
terms: {{ongoing: recurrent, time limited: ends}}
"""
HEAD = "Code,Spend,Whose,Term,Ends,Pool,Of,Only\n"


def written(folder, rows, name="icb"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(MAPPING.format(id=name))
    (folder / f"{name}.csv").write_text(HEAD + rows)
    return folder / f"{name}.csv"


def read(path):
    return read_ledger(path, load_mapping(path.with_suffix(".yaml")), la_code="E1", year=2026)[0]


def test_each_agencys_own_words_dates_and_credits_are_read(tmp_path):
    """funding 1.2: any agency's ledger by a mapping that is kept."""
    rows = 'A,"£1,250.50",ICB,ongoing,,,,\nB,(20.00),Constabulary,time limited,31/03/2027,,,W1 W2\nC,7,,,,,,\n'
    lines = read(written(tmp_path, rows))
    assert lines["gross_pence"].to_list() == [125_050, -2_000, 700]
    assert lines["agency"].to_list() == ["health", "police", "health"]
    assert lines["term"].to_list() == ["recurrent", "ends", "unknown"]
    assert lines["ends_on"].to_list() == [None, date(2027, 3, 31), None]
    assert lines["ring_fence_area"].to_list() == [None, ["W1", "W2"], None]


def test_a_workbook_is_a_ledger_too(tmp_path):
    """funding 1.2: CSV or xlsx."""
    path = written(tmp_path, "A,5,ICB,time limited,2026-06-30,,,\n")
    book = path.with_suffix(".xlsx")
    pl.read_csv(path, infer_schema=False).write_excel(book)
    assert read(book).equals(read(path))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("A,5,NHS,ongoing,,,,\n", ["row 1, column Whose", "NHS", "agencies: {NHS: local authority}"]),
        ("A,5,ICB,ongoing,,,,\nB,5,ICB,till May,,,,\n", ["row 2, column Term", "till May", "recurrent"]),
        ("A,5,ICB,time limited,31.3.27,,,\n", ["row 1, column Ends", "31.3.27", "31/03/2027"]),
        ("A,five,ICB,ongoing,,,,\n", ["row 1, column Spend", "five", "1,250.50"]),
        ("", ["no rows"]),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named_with_its_row_and_column(tmp_path, rows, words):
    """funding 1.1: an end that cannot be read is never taken for money that goes on."""
    with pytest.raises(UsageError) as refused:
        read(written(tmp_path, rows))
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_a_partner_that_books_the_whole_pool_counts_once_beside_those_who_paid(tmp_path):
    """funding A27: through two ledgers of a place and by command, not only in the sum itself."""
    folder = tmp_path / "partners"
    written(folder, "A,300,ICB,ongoing,,P1,1000,\nB,50,ICB,ongoing,,,,\n")
    whole = written(
        folder, "A,1000,Constabulary,ongoing,,P1,1000,\nA,700,Constabulary,,,P1,1000,\n", "police"
    )
    place = SimpleNamespace(dir=tmp_path, settings={"ledgers": "partners"}, fictitious=False)
    made = partners_lines(ledgers_of(place), "E1", 2026)
    assert {k: t["net_pence"].sum() for k, t in made.items()} == {
        "icb's ledger": 35_000,
        "police's ledger": 70_000,
    }
    app = typer.Typer()
    spend.register(app)
    asked = ["spend", "map", str(whole), "--mapping", str(whole.with_suffix(".yaml"))]
    done = CliRunner().invoke(app, [*asked, "--la", "E1", "--year", "2026"])
    assert done.exit_code == 1
    assert "2 rows, £700.00 net" in done.output
    assert "police booked the whole pool P1" in done.output


def test_two_ledgers_of_one_name_are_refused_not_laid_over_each_other(tmp_path):
    folder = tmp_path / "partners"
    for name in ("a", "b"):
        (written(folder, "A,3,ICB,ongoing,,,,\n", name).with_suffix(".yaml")).write_text(
            MAPPING.format(id="same")
        )
    place = SimpleNamespace(dir=tmp_path, settings={"ledgers": "partners"}, fictitious=False)
    with pytest.raises(UsageError, match="Two ledgers have one id"):
        partners_lines(ledgers_of(place), "E1", 2026)


def test_the_ledger_of_a_made_up_place_is_read_by_the_mapping_written_with_it(tmp_path):
    """synthetic A19: the board's own part of the pool and the one it holds for the police, each once."""
    row = dict.fromkeys(COLUMNS) | {
        "line": "3.4.5", "label": "Universal family support", "income": 0, "funding_source": "pooled budget",
        "term": "goes on", "pool_id": "pool-1",
    }  # fmt: skip
    both = [row | {"agency": a, "gross": g, "net": g} for a, g in (("health", 35), ("police", 15))]
    (tmp_path / "received").mkdir()
    write_partner(pl.DataFrame(both, schema=COLUMNS), tmp_path / "received", 2026)
    place = SimpleNamespace(dir=tmp_path, settings={}, fictitious=True)
    (lines,) = partners_lines(ledgers_of(place), "E1", 2026).values()
    assert dict(lines.select("agency", "net_pence").iter_rows()) == {
        "health": 3_500,
        "police": 1_500,
    }
    assert set(lines["term"]) == {"recurrent"}
