"""The page of spending beside outcomes, from a panel to its drawing (spec/funding.md 1.4)."""

from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from threecircles.disclosure.release import protect
from threecircles.funding import panel_tables
from threecircles.funding.panel import FIXED, FOLLOWS
from threecircles.report.altair_charts import GREY, colour
from threecircles.report.context import Context
from threecircles.report.html import page_html
from threecircles.report.open_formats import write_csv_files, write_pack_json
from threecircles.report.pack import make_pack
from threecircles.report.pages.spending_and_outcomes import SLUG
from threecircles.report.sources import source_name
from threecircles.report.workbook import write_workbook

loaded = spec_from_file_location("nations", Path(__file__).with_name("nations.py"))
nations = module_from_spec(loaded)
loaded.loader.exec_module(nations)

CONTEXT = Context(place="Fictshire", la_code="E1", period="2025-26", made_on=date(2026, 4, 1))


def made(monkeypatch, feedback=0.0):
    """The pack's page and its tables for a generated nation, with one authority that ended and one symbol."""
    table = nations.nation(2, feedback=feedback).with_columns(
        name=pl.lit("Shire ") + pl.col("area"),
        PriFSM=pl.Series(np.random.default_rng(3).uniform(10, 30, 153 * 13)),
        outcome=pl.when(pl.col("area") != "E007").then("outcome"),
    )
    gone = {"Oldshire (999)": "ended in these years"}
    monkeypatch.setattr(panel_tables, "panel_data", lambda *a, **k: (table, dict(gone)))
    rates = [r for r in panel_tables.read_csv("spend/panels") if r["kind"] == "rate"]
    monkeypatch.setattr(panel_tables, "read_csv", lambda _: rates)
    safe = protect(panel_tables.panel_tables(Path()))
    pack = make_pack(safe, CONTEXT)
    return pack, next(p for p in pack.pages if p.slug == SLUG)


@pytest.mark.parametrize("feedback", [0.0, 0.8])
def test_the_page_and_its_export_hold_the_fixed_sentence_and_no_word_of_cause(
    monkeypatch, feedback
):
    """funding A29."""
    pack, page = made(monkeypatch, feedback)
    exported = [" ".join(t.spec.notes) + t.spec.title + t.spec.unit for t in page.tables]
    for text in (page_html(pack, page), *exported):
        assert FIXED in text
        rest = text.replace(FIXED, "").lower()
        assert not any(word in rest for word in ("effect", "caused", "saved"))


def test_every_file_of_the_panel_carries_the_fixed_sentence(monkeypatch, tmp_path):
    """funding A29: each row of the CSV, the workbook and pack.json; no word of cause in the CSV."""
    pack, page = made(monkeypatch)
    written = write_csv_files(pack, tmp_path)
    assert {p.stem for p in written} == {t.spec.id for t in page.tables}
    for path in written:
        rows = pl.read_csv(path, infer_schema=False)
        assert rows["note"].to_list() == [FIXED] * rows.height
        rest = path.read_text(encoding="utf-8").replace(FIXED, "").lower()
        assert not any(word in rest for word in ("effect", "caused", "saved"))
    book = write_workbook(pack, tmp_path / "pack.xlsx")
    notes = CalamineWorkbook.from_path(str(book)).get_sheet_by_name("Notes").to_python()
    assert FIXED in str(notes)
    assert FIXED in write_pack_json(pack, tmp_path / "pack.json").read_text(encoding="utf-8")


def test_what_is_held_level_is_told_on_the_page(monkeypatch):
    """funding 1.4: children in low-income families and, where a place has them, the ages of children."""
    pack, page = made(monkeypatch)
    assert "Held level: the share of primary pupils eligible" in page_html(pack, page)


def test_who_is_left_out_is_named_on_the_page(monkeypatch):
    """funding A28: a page with symbols and reorganised authorities names each."""
    pack, page = made(monkeypatch)
    text = page_html(pack, page)
    assert "Oldshire (999), ended in these years" in text and "Shire E007" in text
    assert source_name("lait") in text


def test_lags_are_grey_and_warned_of_where_spending_follows_need(monkeypatch):
    """funding A28: the lead warning; lags are greyed."""
    with monkeypatch.context() as one, monkeypatch.context() as two:
        plain, warned = made(one), made(two, feedback=0.8)
    assert FOLLOWS not in page_html(*plain)
    assert FOLLOWS in page_html(*warned)
    greys = [page.blocks[1].svg.text.count(colour(GREY)) for _, page in (plain, warned)]
    assert greys[1] - greys[0] == 4


def test_without_published_files_the_page_says_what_it_needs():
    page = next(p for p in make_pack([], CONTEXT).pages if p.slug == SLUG)
    assert "needs published spending and outcomes" in page.blocks[0].why
