"""One page model, many renderings: HTML, document, workbook, CSV and JSON hold the same figures."""

import csv
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import openpyxl
import pypdf
import pytest

from threecircles.report.html import written
from threecircles.report.model import Value
from threecircles.report.pdf import string, write_pdf
from threecircles.report.site import BUILT, write_site
from threecircles.report.workbook import write_workbook


@pytest.fixture(scope="module")
def workbook(pack, tmp_path_factory):
    return write_workbook(pack, tmp_path_factory.mktemp("book") / "pack.xlsx")


@pytest.fixture(scope="module")
def document(pack, tmp_path_factory):
    return write_pdf(pack, tmp_path_factory.mktemp("document") / "pack.pdf")


def reading_tables(pack):
    """Every table of the pages of reading, once."""
    seen = {}
    for page in pack.pages:
        for table in page.all_tables():
            seen.setdefault(table.id, table)
    return seen.values()


class Page(HTMLParser):
    """Cells by table caption, links, ids and headings of a page."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.ids, self.headings, self.lang = {}, [], set(), [], ""
        self._caption, self._row, self._cell, self._in = "", None, None, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        got = dict(attrs)
        self._in = tag if tag in ("caption", "h1", "h2", "h3") else self._in
        self.lang = got.get("lang", self.lang) if tag == "html" else self.lang
        if got.get("href") and tag in ("a", "link"):
            self.links.append(got["href"])
        if got.get("id"):
            self.ids.add(got["id"])
        if tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._row = []
        elif tag in ("td", "th"):
            self._cell = ""
        elif tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        if tag == "caption":
            self._in = ""
        elif tag in ("td", "th") and self._row is not None:
            self._row.append(self._cell.strip())
            self._cell = None
        elif tag == "tr" and self._row is not None:
            self.rows.setdefault(self._caption.strip(), []).append(tuple(self._row))
            self._row = None

    def handle_data(self, data):
        if self._in == "caption":
            self._caption += data
        if self._cell is not None:
            self._cell += data


def pages(site):
    return {
        p.relative_to(site).as_posix(): Page(p.read_text()) for p in sorted(site.rglob("*.html"))
    }


def test_html_holds_every_cell_of_the_model(pack, site):
    """A9: HTML."""
    found = {}
    for page in pages(site).values():
        for caption, rows in page.rows.items():
            found.setdefault(caption, rows)
    for table in reading_tables(pack):
        assert found[table.caption][1:] == [tuple(written(c) for c in row) for row in table.rows], (
            table.id
        )


def test_the_workbook_holds_every_cell_of_the_model(pack, workbook):
    """A9, A13: numbers are numbers as released, symbols are text."""
    book = openpyxl.load_workbook(workbook)
    sheets = [
        s for s in book.worksheets if s.title not in ("Cover", "Contents", "Notes", "Shorthand")
    ]
    tables = list(reading_tables(pack))
    assert len(sheets) == len(tables)
    for sheet, table in zip(sheets, tables, strict=True):
        rows = list(sheet.iter_rows(min_row=5, values_only=True))
        for shown, row in zip(rows, table.rows, strict=True):
            for cell, value in zip(shown, row, strict=True):
                if isinstance(value, Value) and value.known and not value.symbol:
                    assert cell == pytest.approx(value.number)
                else:
                    assert cell == written(value)


def test_the_document_holds_every_cell_of_the_model(pack, document):
    """A9: the text of the PDF."""
    text = re.sub(
        r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(document).pages)
    )
    for page in pack.pages:
        if page.order >= 90:
            continue
        for table in page.all_tables():
            for row in table.rows:
                for cell in row:
                    assert re.sub(r"\s+", "", written(cell)) in text, (table.id, written(cell))


def test_csv_and_json_hold_the_same_numbers(pack, site):
    """A9: CSV and the page model."""
    told = {}
    for path in sorted((site / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                told[row["number_id"]] = row
    model = json.loads((site / "pack.json").read_text())
    assert model["kind"] == "Pack"
    for page in pack.pages:
        for value in page.values():
            row = told.get(value.lineage)
            if row is None:  # a base such as n: its own id, held in the row of its measure
                continue
            assert (float(row["value"]) if row["value"] else None) == value.number


def test_the_document_is_tagged_and_named(document, pack):
    """A12: PDF/UA-1, language, title, alternative texts in the structure tree."""
    reader = pypdf.PdfReader(document)
    root = reader.trailer["/Root"]
    assert root["/Lang"].startswith("en")
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == pack.title
    assert b"pdfuaid" in root["/Metadata"].get_data()
    figures, alternatives = _structure(root["/StructTreeRoot"])
    assert figures > 5
    assert figures == alternatives


def test_equal_packs_give_equal_bytes(pack, site, workbook, document, tmp_path):
    """A14: site, workbook and document."""
    write_site(pack, tmp_path / "again")
    assert _hashes(tmp_path / "again") == _hashes(site)
    assert write_workbook(pack, tmp_path / "b.xlsx").read_bytes() == workbook.read_bytes()
    assert write_pdf(pack, tmp_path / "b.pdf").read_bytes() == document.read_bytes()


def test_no_link_is_broken_and_no_page_is_an_orphan(site):
    """A14: every link of every page leads to a file of the site or to a part of the page; all are reached."""
    read = pages(site)
    reached, queue = {"index.html"}, ["index.html"]
    while queue:
        name = queue.pop()
        for link in read[name].links:
            target, part = urldefrag(urljoin(f"http://here/{name}", link))
            path = target.removeprefix("http://here/")
            assert target.startswith("http://here/"), link
            assert (site / path).is_file() or path in ("pack.xlsx", "pack.pdf"), (name, link)
            if part and path == name:
                assert part in read[name].ids, (name, link)
            if path in read and path not in reached:
                reached.add(path)
                queue.append(path)
    assert reached == set(read)


def test_nothing_of_the_site_points_elsewhere(site):
    """A5: no address of another machine in any file of the site."""
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css", ".svg", ".json", ".txt"):
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            # The style sheet names the beginnings of addresses, to spell links out in print.
            found = re.findall(r"https?://[^\s\"'<\]]+", text)
            assert found == [], path.name


def test_headings_are_in_order_and_the_language_is_said(site):
    """Section 9: one first heading, no level left out."""
    for name, page in pages(site).items():
        assert page.lang == "en", name
        assert page.headings.count(1) == 1, name
        assert page.headings[0] == 1, name
        assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False)), name


def test_no_emblem_of_the_government_is_in_the_assets(site):
    """A16: no crown, no crest, no font of theirs; the header has the council's name."""
    for folder in (BUILT, site):
        for path in folder.rglob("*"):
            if path.suffix in (".css", ".svg", ".html"):
                text = path.read_text().lower()
                for word in ("crown", "crest", "woff", "gds transport", "gov.uk/"):
                    assert word not in text, (path.name, word)
    header = (site / "index.html").read_text().partition("</header>")[0]
    assert "Made-up county council" in header


def test_the_workbook_keeps_the_rules_of_accessible_spreadsheets(workbook):
    """A13: titles, tables, no merged cells, no filters or frozen panes, notes used and defined."""
    book = openpyxl.load_workbook(workbook)
    names = book.sheetnames
    assert names[:4] == ["Cover", "Contents", "Notes", "Shorthand"]
    assert book.active.title == "Cover"
    defined = {row[0].value for row in book["Notes"].iter_rows(min_row=4)}
    used = set()
    for sheet in book.worksheets:
        assert len(sheet.title) < 31
        assert sheet["A1"].value
        assert not sheet.merged_cells.ranges
        assert not sheet.auto_filter.ref
        assert sheet.freeze_panes is None
        assert sheet.sheet_state == "visible"
        used |= set(re.findall(r"\[(note \d+)\]", str(sheet["A1"].value)))
        if sheet.title == "Cover":
            continue
        assert sheet["A2"].value == "This worksheet contains one table"
        assert len(sheet.tables) == 1
        for row in sheet.iter_rows(min_row=4):
            assert all(cell.value not in (None, "") for cell in row), sheet.title
    assert used <= defined
    assert book.properties.title
    assert book.properties.creator


@pytest.mark.parametrize(
    "text", ["#", "$x$", "*a*", "_a_", "`a`", "<a>", "@a", "[a]", "\\", '"', 'a" + read("x") + "']
)
def test_no_text_can_become_code_of_the_document(text):
    """Section 7: text goes in as a string literal that ends where it began."""
    literal = string(text)
    assert literal[0] == literal[-1] == '"'
    inner = literal[1:-1]
    assert re.sub(r"\\.", "", inner).count('"') == 0
    assert inner.replace('\\"', '"').replace("\\\\", "\\") == text


def test_texts_with_every_special_sign_compile(pack, tmp_path):
    """Section 7"""
    from dataclasses import replace

    odd = replace(pack.pages[0], summary=('# $ * _ ` < @ [ \\ " + read("main.typ")',))
    path = write_pdf(replace(pack, pages=(odd,)), tmp_path / "odd.pdf")
    assert 'read("main.typ")' in pypdf.PdfReader(path).pages[1].extract_text().replace(
        "”", '"'
    ).replace("“", '"')


def _structure(node, seen=None):
    """Figures in the structure tree, and those with an alternative text."""
    seen = seen if seen is not None else set()
    figures = alternatives = 0
    kids = node.get("/K", [])
    kids = kids if isinstance(kids, list) else [kids]
    for kid in (k.get_object() if hasattr(k, "get_object") else k for k in kids):
        if not isinstance(kid, dict) or id(kid) in seen:
            continue
        seen.add(id(kid))
        if kid.get("/S") == "/Figure":
            figures += 1
            alternatives += bool(kid.get("/Alt"))
        more = _structure(kid, seen)
        figures, alternatives = figures + more[0], alternatives + more[1]
    return figures, alternatives


def _hashes(folder: Path):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }
