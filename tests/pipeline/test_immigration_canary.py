"""Facts about immigration, planted in the files of 50 children, change and reach nothing but the record."""

import csv
import re
from collections import Counter

import polars as pl
import pytest
from tests.pipeline.search import _words, texts

from threecircles.core.workspace import open_workspace
from threecircles.disclosure import audit
from threecircles.disclosure.people import person
from threecircles.disclosure.permission import check_may
from threecircles.disclosure.rights import changed, held
from threecircles.identity.place import cases
from threecircles.web.work.signpost_look import look

CANARY = ("17/11/2037", "2037-11-17")
"""The day on which a status ended: no other date of the place is near it."""
FACTOR = "<AssessmentFactors>9A</AssessmentFactors>"
TOLD = re.compile(r"\b(uasc|9a|asylum\w*|unaccompanied|nationality)\b")


def more_children(place):
    "Twenty children more in the 903, so that there are fifty to plant in; nothing is said of them yet."
    path = place / "received" / "ssda903_2026" / "header_made-up-data.csv"
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [f"99{i:05}", "F" if i % 2 else "M", f"{i + 1:02}/05/2012", "WBRI", "UN1", "", ""]
            for i in range(20)
        )


def plant(place):
    "UASC and DUC for every child of the 903, the factor 9A for every assessed child of the CIN census; their ids."
    planted = set()
    for folder in sorted((place / "received").glob("ssda903_*")):
        with (folder / "header_made-up-data.csv").open(encoding="utf-8-sig", newline="") as file:
            children = list(csv.DictReader(file))
        with (folder / "uasc_made-up-data.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["CHILD", "SEX", "DOB", "DUC"])
            rows.writerows([c["CHILD"], c["SEX"], c["DOB"], CANARY[0]] for c in children)
        planted |= {c["CHILD"] for c in children}
    for path in sorted((place / "received").glob("cin_*.xml")):
        text = path.read_text(encoding="utf-8")
        parts = re.split(r"(?=<Child>)", text)
        for i, part in enumerate(parts):
            if "<FactorsIdentifiedAtAssessment>" in part:
                parts[i] = part.replace(
                    "<FactorsIdentifiedAtAssessment>", f"<FactorsIdentifiedAtAssessment>{FACTOR}"
                )
                planted.add(re.search(r"<LAchildID>(\d+)<", part)[1])
        path.write_text("".join(parts), encoding="utf-8")
    return planted


def outside_the_record(workspace):
    "Files that are neither identity side nor the record itself."
    for path in sorted(p for p in workspace.rglob("*") if p.is_file()):
        parts = path.relative_to(workspace).parts
        if parts[0] != "identity" and not (parts[0] == "steps" and parts[1].startswith("record.")):
            yield path


def telling(workspace, folder):
    "How often each file of a folder tells of the class, whatever its format."
    return {
        p.relative_to(folder).as_posix(): Counter(
            w for t in texts(p) for w in TOLD.findall(t.casefold())
        )
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.slow
def test_what_is_planted_in_fifty_children_reaches_no_table_card_page_log_or_cell(hamlet, tmp_path):
    """disclosure A16: a canary in UASC, DUC and status of 50 children, files to pack.

    Figures of every room and every word of the release are as without it; no file outside the
    identity side and the record holds it; no card of the children tells of it. (Extracts, purposes
    that name the class, and areas below the authority: tests/disclosure/test_immigration.py.)
    """
    run = hamlet.copy(tmp_path)
    more_children(run.place)
    run.again()
    workspace = open_workspace(run.workspace, "identity")
    before = changed.measured(workspace)
    pages = telling(run.workspace, run.workspace / "release" / "site")
    planted = plant(run.place)
    assert len(planted) >= 50
    assert "record.factor" in run.again()

    workspace = open_workspace(run.workspace, "identity")
    facts = held.table(workspace, "record.factor").filter(pl.col("factor_id").is_in(["uasc", "9A"]))
    assert facts["person_id"].n_unique() >= 50
    assert any(str(d) == CANARY[1] for d in facts["valid_to"])
    moved = changed.changed(before, changed.measured(workspace))
    assert {m.table for m in moved if not m.table.startswith(("quality.", "identity."))} == set()
    assert telling(run.workspace, run.workspace / "release" / "site") == pages
    for path in outside_the_record(run.workspace):
        if "release" not in path.parts:
            said = " ".join(t for t in texts(path))
            assert not any(c in said for c in CANARY), path.name
    assert not any("immigration" in x["resource"] for x in audit.lines(run.workspace))
    assert cards(run, workspace, planted) > 0


def cards(run, workspace, planted):
    "How many cards of the planted children were shown; none tells of it."
    pointers = held.table(workspace, "identity.person_record")
    numbers = held.table(workspace, "identity.identifier").filter(pl.col("scheme") == "upn")
    children = pointers.filter(pl.col("source_key").is_in(sorted(planted))).unique(
        "person_id", keep="last", maintain_order=True
    )
    file = run.place / "cases.csv"
    lines = [
        f"north,{s}|{k},2020-01-01," for s, k in children.select("source", "source_key").iter_rows()
    ]
    file.write_text("\n".join(["team,record,opened,closed", *lines]) + "\n")
    cases.take_in(file, workspace)
    who = person(run.workspace, "demo-practitioner", mfa=True)

    def ask(action, named, resource, about, detail):
        return check_may(
            action, actor=who, purpose_id=named, folder=run.workspace, resource_id=resource, resource=about, detail=detail
        )  # fmt: skip

    shown = 0
    for number in numbers.join(children, on="source_record_id", how="semi")["value"].to_list()[:4]:
        told = look(run.workspace, who, {"number": number, "purpose": "direct_care"}, ask)
        assert told.card is not None, told.problem
        shown += len(told.card.lines)
        words = _words(repr(told.card))
        assert not TOLD.search(" ".join(words)) and not any(c in repr(told.card) for c in CANARY)
    return shown
