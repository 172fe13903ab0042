"""What stands in each field: present, refused, not obtained, blank ..., one kind a row (spec/quality.md 4.1)."""

from datetime import date

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threecircles.definitions import read_csv
from threecircles.quality.field_kinds import COUNTED, KINDS, TABLE, kinds_table, kinds_text
from threecircles.quality.fields import codes_of, field_tallies, fields_of, form_of, source_tallies
from threecircles.quality.outputs_tables import FIELDS, write_workbook
from threecircles.quality.outputs_use import KIND_HEADS, Use, kind_rows, page_parts
from threecircles.quality.trend import TREND
from threecircles.quality.window import window_to

END = window_to(date(2026, 3, 31))
ROWS = read_csv("rules/field_kinds")


def tallies(source, **tables):
    frames = {name: pl.DataFrame(rows) for name, rows in tables.items()}
    return source_tallies(source, frames, 2026, END)


def one(source, table, column, rows):
    (found,) = (
        t
        for t in tallies(source, **{table: rows})
        if (t.column, t.dimension) == (column, "completeness")
    )
    return found


def kinds(source, table, column, rows):
    return {kind: n for kind, n in one(source, table, column, rows).kinds.items() if n}


def test_not_obtained_counts_as_not_complete_and_a_refusal_neither_way():
    """quality 4.1: refused and not obtained are separate kinds; NOBT and N0 count as not complete."""
    said = ["WBRI"] * 6 + ["REFU"] * 2 + ["NOBT", None]
    rows = [{"LAchildID": str(n), "Ethnicity": e} for n, e in enumerate(said)]
    found = one("cin-census", "ChildCharacteristics", "Ethnicity", rows)
    assert (found.k, found.n) == (6, 8), "a refusal is an answer: it is in neither"
    table = kinds_table("cin-census", 2026, [found])
    assert kinds_text(table.row(0, named=True)) == "10 rows: 6 present, 1 blank, 1 not obtained, 2 refused"  # fmt: skip
    need = [{"LAchildID": str(n), "PrimaryNeedCode": c, "ReferralNFA": f} for n, (c, f) in enumerate([("N1", "0"), ("N0", "0"), (None, "0"), (None, "1")])]  # fmt: skip
    assert kinds("cin-census", "CINdetails", "PrimaryNeedCode", need) == {"present": 1, "not obtained": 1, "blank": 1, "not applicable": 1}  # fmt: skip


def test_what_is_not_due_is_apart_whether_filled_or_not():
    """quality 4.1: an assessment may take nine weeks; one begun eight weeks before the end may still be open."""
    days = [("2025-12-01", "2026-01-05"), ("2025-12-01", None), ("2026-02-03", None), ("2026-02-03", "2026-02-09"), (None, None)]  # fmt: skip
    rows = [{"LAchildID": str(n), "AssessmentActualStartDate": a, "AssessmentAuthorisationDate": b} for n, (a, b) in enumerate(days)]  # fmt: skip
    assert kinds("cin-census", "Assessments", "AssessmentAuthorisationDate", rows) == {
        "present": 1, "blank": 1, "not yet due": 2, "not applicable": 1,
    }  # fmt: skip


def test_a_child_without_a_number_is_of_the_kind_that_the_reason_says():
    reasons = ["UN2", "UN4", "UN5", None]
    rows = [{"LAchildID": str(n), "PersonBirthDate": "2014-05-01", "UPN": None, "UPNunknown": r} for n, r in enumerate(reasons)]  # fmt: skip
    rows += [{"LAchildID": "b", "PersonBirthDate": "2025-05-01", "UPN": None, "UPNunknown": None}]
    rows += [{"LAchildID": "c", "PersonBirthDate": "2014-05-01", "UPN": "A123456789012", "UPNunknown": None}]  # fmt: skip
    assert kinds("cin-census", "ChildIdentifiers", "UPN", rows) == {
        "not applicable": 2, "not yet due": 1, "not obtained": 1, "blank": 1, "present": 1,
    }  # fmt: skip
    bare = [{name: v for name, v in row.items() if name != "UPNunknown"} for row in rows]
    assert kinds("cin-census", "ChildIdentifiers", "UPN", bare)["blank"] == 4, "no reason given, none assumed"  # fmt: skip


def test_a_score_of_difficulties_that_is_not_there_has_a_reason():
    rows = [
        {"CHILD": str(n), "DOB": "01/05/2015", "SDQ_SCORE": s, "SDQ_REASON": r}
        for n, (s, r) in enumerate([("12", None), (None, "SDQ2"), (None, "SDQ3"), (None, "SDQ4"), (None, None)])
    ]  # fmt: skip
    assert kinds("ssda903", "OC2", "SDQ_SCORE", rows) == {
        "present": 1, "refused": 1, "not applicable": 1, "not obtained": 1, "blank": 1,
    }  # fmt: skip


def test_no_health_assessment_is_asked_for_in_the_first_twelve_months():
    """quality 4.1, not yet due: a child who came into care after the year began has no year of care behind them."""
    rows = [{"CHILD": child, "HEALTH_ASSESSMENT": told} for child, told in [("old", "1"), ("old2", None), ("new", None)]]  # fmt: skip
    days = [("old", "01/06/2023"), ("old2", "01/04/2025"), ("new", "02/04/2025"), ("new", "01/06/2025")]  # fmt: skip
    episodes = [{"CHILD": child, "DECOM": day} for child, day in days]

    def found(**tables):
        told = tallies("ssda903", **tables)
        (one,) = (t for t in told if (t.column, t.dimension) == ("HEALTH_ASSESSMENT", "completeness"))  # fmt: skip
        return {kind: n for kind, n in one.kinds.items() if n}

    assert found(OC2=rows, Episodes=episodes) == {"present": 1, "blank": 1, "not yet due": 1}
    assert found(OC2=rows) == {"present": 1, "blank": 2}, "without episodes nobody is known to be new"  # fmt: skip


CELLS = st.sampled_from(["WBRI", "REFU", "NOBT", "odd", None])
WORDS = st.lists(st.tuples(CELLS, st.sampled_from(["U", "M", None]), st.sampled_from(["01/02/2015", "31/03/2025", "soon", None])), min_size=1, max_size=30)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(WORDS)
def test_every_row_is_of_one_kind_and_the_kinds_add_up(cells):
    """Property, quality 4.1: the kinds add up to all rows, and completeness is present of those counted."""
    rows = [{"ethnicity": e, "sex": s, "dob": d, "upn": None} for e, s, d in cells]
    found = [t for t in tallies("early-help", early_help=rows) if t.dimension == "completeness"]
    assert {t.column for t in found} == {"ethnicity", "sex", "dob", "upn"}
    for tally in found:
        assert sum(tally.kinds.values()) == len(cells)
        assert tally.k == tally.kinds["present"]
        assert tally.n == sum(tally.kinds[kind] for kind in COUNTED)
    table = kinds_table("early-help", 2026, found)
    assert table.select(pl.sum_horizontal(list(TABLE)[-len(KINDS) :]).eq(pl.col("rows")).all()).item()  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['source']}-{r['column']}-{r['kind']}")
def test_each_kind_is_of_a_scored_field_and_its_sql_binds(row):
    """A kind of no field would never be found; a code that is on no list neither."""
    (field,) = (f for f in fields_of(row["source"]) if (f.table, f.column) == (row["table"], row["column"]))  # fmt: skip
    assert row["kind"] in KINDS and row["kind"] not in ("present", "blank", "unknown code")
    assert bool(row["codes"]) != bool(row["when"]) and row["reference"]
    codes = codes_of(row["source"], row["table"], row["column"])
    assert not codes or set(row["codes"].split()) <= set(codes)
    assert not set(row["codes"].split()) & set(field.unknown)
    form = form_of({"cin": "cin-census", "903": "ssda903"}.get(row["source"], row["source"]))
    frame = pl.DataFrame({row["column"]: ["x", None]}, schema={row["column"]: pl.String})
    found = field_tallies(row["source"], form, {row["table"]: frame}, 2026, END)
    assert sum(found[0].kinds.values()) == 2


def test_the_kinds_stand_in_the_workbook_and_on_the_page(tmp_path):
    found = tallies("early-help", early_help=[{"ethnicity": "REFU", "dob": None}] * 1200)
    table = kinds_table("early-help", 2026, found)
    rows = kind_rows(table)
    assert page_parts(Use((), pl.DataFrame(schema=TREND), table))["kind_rows"] == rows
    book = openpyxl.load_workbook(
        write_workbook(pl.DataFrame(schema={"child": pl.String, "team": pl.String}), tmp_path / "w.xlsx", "", (), [KIND_HEADS, *rows])
    )  # fmt: skip
    sheet = [[cell.value for cell in line] for line in book[FIELDS]]
    assert tuple(sheet[0]) == KIND_HEADS and ["Ethnic group (early_help.ethnicity)", 1200, 0, 0, 0, 0, 1200, 0, 0] in sheet  # fmt: skip
    assert all(sum(line[2:]) == line[1] for line in sheet[1:])
