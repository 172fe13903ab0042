"""Words that claim too much: "effect" without a comparison, "suitable" without custody (report A25)."""

import re

import openpyxl
import polars as pl
import pytest
from pypdf import PdfReader

from threecircles.report.kit import write_kit
from threecircles.report.pack import make_pack
from threecircles.report.pdf import write_pdf
from threecircles.report.site import write_site
from threecircles.report.workbook import write_workbook
from threecircles.survey.care_leavers import homes

CLAIMS = re.compile(r"\b(effects?|effective|impacts?|caused|thanks to)\b", re.IGNORECASE)
HOUSED = re.compile(r"\bsuitabl[ey]\b", re.IGNORECASE)
CUSTODY = re.compile(r"\b(in )?custody\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def folder(made_up, context, tmp_path_factory):
    """A released pack with care leavers' homes in it, in every form it leaves in."""
    leavers = pl.DataFrame(
        [(home, called, True) for home, called, n in (
            ("own_tenancy", "suitable", 60), ("supported", "suitable", 40), ("custody", "suitable", 12),
            ("temporary", "unsuitable", 15)) for _ in range(n)],
        schema=["home", "suitable", "in_touch"], orient="row",
    )  # fmt: skip
    tables = [made_up.as_safe(t) for t in (*made_up.tables(), homes(leavers, "2026"))]
    pack = make_pack(tables, context)
    out = tmp_path_factory.mktemp("w") / "workspace" / "release" / "site"
    write_site(pack, out)
    write_workbook(pack, out / "pack.xlsx")
    write_pdf(pack, out / "pack.pdf")
    write_kit(out, out / "kit")
    return out


@pytest.fixture(scope="module")
def texts(folder):
    """What a reader meets at once, by name: a page, a sheet, a file of data, an item of the kit."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".svg", ".txt", ".md", ".csv"):
            words = re.sub(r"<style.*?</style>|<[^>]*>", " ", path.read_text("utf-8"), flags=re.S)
            found[path.relative_to(folder).as_posix()] = words
        elif path.suffix == ".pdf":
            found[path.relative_to(folder).as_posix()] = " ".join(
                p.extract_text() for p in PdfReader(path).pages
            )
    for sheet in openpyxl.load_workbook(folder / "pack.xlsx").worksheets:
        cells = [str(c) for row in sheet.iter_rows(values_only=True) for c in row if c is not None]
        found[f"sheet {sheet.title}"] = " ".join(cells)
    return found


def test_nothing_is_said_to_have_an_effect_where_no_comparison_is_recorded(texts):
    """report A25: HTML, PDF, xlsx, CSV and the kit; the page of outcomes says that no comparison is there."""
    assert {n: CLAIMS.findall(t) for n, t in texts.items() if CLAIMS.search(t)} == {}
    assert "No evaluation with a comparison has been recorded" in texts["outcomes.html"]


def test_suitable_homes_are_never_named_without_custody(texts):
    """report A25: wherever young people are said to be suitably housed, those in custody stand beside."""
    told = {n: t for n, t in texts.items() if HOUSED.search(t)}
    assert {"outcomes.html", "data/care-leavers-homes.csv", "pack.pdf"} <= told.keys()
    assert [n for n, t in told.items() if not CUSTODY.search(t)] == []
    assert "12 are in custody, which is not counted as suitable" in texts["outcomes.html"]
