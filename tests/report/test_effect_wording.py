"""Words that claim too much: "effect" without a comparison, "suitable" without custody (report A25)."""

import re

import openpyxl
import polars as pl
import pytest
from pypdf import PdfReader

from threecircles.core.effects.clustered import Fitted
from threecircles.need.effects import Plan, Result, evaluations_table
from threecircles.need.effects.plan import Assignment, Outcome
from threecircles.need.effects.words import sentence, word_of
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
    return everything(folder)


def everything(folder):
    """Name -> text of every file of a pack that people read."""
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


def claimed(texts):
    """Words of cause by file. Names of commands and steps (need effect estimate, need.effects) claim nothing."""
    named = re.compile(r"need effect estimate|need\.effects")
    found = {n: CLAIMS.findall(named.sub("", t)) for n, t in texts.items()}
    return {n: c for n, c in found.items() if c}


def test_nothing_is_said_to_have_an_effect_where_no_comparison_is_recorded(texts):
    """report A25: HTML, PDF, xlsx, CSV and the kit; the page of outcomes says that no comparison is there."""
    assert claimed(texts) == {}
    assert "No evaluation with a comparison has been recorded" in texts["outcomes.html"]


def test_suitable_homes_are_never_named_without_custody(texts):
    """report A25: wherever young people are said to be suitably housed, those in custody stand beside."""
    told = {n: t for n, t in texts.items() if HOUSED.search(t)}
    assert {"outcomes.html", "data/care-leavers-homes.csv", "pack.pdf"} <= told.keys()
    assert [n for n, t in told.items() if not CUSTODY.search(t)] == []
    assert "12 are in custody, which is not counted as suitable" in texts["outcomes.html"]


WORDED = {
    "randomised": "effect",
    "stepped_wedge": "effect",
    "did_area": "effect, if trends would have stayed alike",
    "did_access": "effect, if trends would have stayed alike",
    "matched": "difference between users and like non-users",
    "before_after": "change",
}
"""The word of each design, written down here a second time (need 7a)."""


def result(design: str) -> Result:
    """The result of a made-up evaluation of this design, its word chosen by the product."""
    plan = Plan(
        id=f"try-{design.replace('_', '-')}", label=design, source="test", version=1, question=f"Does {design} help?",
        service="reading", eligible="all", unit="school", design=design, comparison="like schools",
        assignment=Assignment(how="drawn", seed=1), outcome_primary=Outcome(measure="score", role="outcome"),
    )  # fmt: skip
    fitted = Fitted(-0.21, 0.05, 30.0, -0.31, -0.11)
    word = word_of(plan)
    return Result(
        plan_id=plan.id, label=plan.question, plan_hash="0" * 64, locked="Locked on 1 May 2025, before results were read.",
        design=design, word=word, outcome="score", scale="mean_difference", estimand="offered", n=900,
        sentence=sentence(plan, word, fitted), value=-0.21, low=-0.31, high=-0.11, lost={"share": 0.12},
    )  # fmt: skip


@pytest.mark.parametrize("design", list(WORDED))
def test_every_rendering_calls_a_figure_by_the_word_of_its_design(
    made_up, context, tmp_path, design
):
    """report A25: HTML, PDF, xlsx, CSV and kit carry the permitted word, and claim no more than it."""
    table = evaluations_table([result(design)], "Evaluations known on 31 March 2026")
    pack = make_pack([made_up.as_safe(table)], context)
    out = tmp_path / "workspace" / "release" / "site"
    write_site(pack, out)
    write_workbook(pack, out / "pack.xlsx")
    write_pdf(pack, out / "pack.pdf")
    write_kit(out, out / "kit")
    texts = everything(out)
    word = WORDED[design]
    shown = {n: re.sub(r"\s+", " ", t) for n, t in texts.items() if "-0.21" in t or "−0.21" in t}
    assert {"outcomes.html", "data/evaluations.csv", "pack.pdf"} <= shown.keys()
    assert any(n.startswith("sheet ") for n in shown)
    for name, text in shown.items():
        assert word.lower() in text.lower(), name
    if not word.startswith("effect"):
        assert claimed(texts) == {}
    # The word never stands without the condition that goes with it.
    if word != "effect" and word.startswith("effect"):
        for name, text in shown.items():
            bare = re.findall(
                r"\beffect\b(?!, if trends)", re.sub(r"\s+", " ", text), re.IGNORECASE
            )
            assert bare == [], name
