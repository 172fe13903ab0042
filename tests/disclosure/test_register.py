"""Agreements, decisions to share, law, toolkit, impact assessment, keys: what the officer keeps."""

from __future__ import annotations

import json
import re
from datetime import date

import pypdf
import pytest

from threecircles.core import keys as sealing
from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.definitions import load, load_folder
from threecircles.disclosure import agreements, anchors, audit, key_care, share_decisions
from threecircles.disclosure.agreements import Agreement
from threecircles.disclosure.agreements_export import json_ld
from threecircles.disclosure.at_rest import at_rest, safe_line
from threecircles.disclosure.dpia import CHANGED, write_dpia
from threecircles.disclosure.law import NOT_UNTIL_SET, laws
from threecircles.disclosure.secrets import read_private, secret
from threecircles.disclosure.toolkit import AUDIENCES, StudyWords, toolkit, toolkit_document
from threecircles.report.document import write_html, write_pdf

DAY = date(2026, 11, 22)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    return workspaces.create(tmp_path / "w", label="Made-up", fictitious=True)


def research(**changes):
    known = {a.id: a for a in load_folder("agreements/demonstration", Agreement)}["research"]
    return Agreement(**{**known.__dict__, **changes})


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 7, 1), None),
        (date(2026, 9, 1), 180),
        (DAY, 90),
        (date(2027, 1, 10), 30),
        (date(2027, 3, 1), 0),
    ],
)
def test_an_agreement_says_when_it_is_about_to_lapse(today, said):
    """disclosure section 2: 180, 90 and 30 days."""
    assert agreements.alert(research(), today) == said


def test_an_agreement_holds_only_signed_and_in_its_time():
    assert research().holds(DAY)
    assert not research(signed_by=("council",)).holds(DAY)
    assert not research(status="draft").holds(DAY)
    assert not research().holds(date(2027, 2, 1))


def test_what_flows_without_an_agreement_is_an_error(place):
    found = agreements.gaps(
        place.path,
        ("camhs", "cin-census", "unheard-of"),
        ("needs_assessment", "funding_formula"),
        DAY,
    )
    assert found == [
        "camhs from mental health trust: no agreement in force for funding_formula",
        "unheard-of: nobody has said who gives it (agreements/flows.yaml)",
    ]


def test_three_agreements_of_two_could_be_one(tmp_path):
    (tmp_path / "agreements").mkdir()
    for i in range(3):
        (tmp_path / "agreements" / f"a{i}.yaml").write_text(
            f"id: a{i}\nlabel: A\nsource: S\nkind: DSA\nstarts: 2026-01-01\nexpires: 2027-01-01\npurposes: [evaluation]\n"
            "parties: [{id: c, label: C, role: controller}, {id: s, label: S, role: processor}]\n"
        )
    assert agreements.replaceable(tmp_path) == {(("c", "s"), ("evaluation",)): ["a0", "a1", "a2"]}


def test_the_register_is_exported_as_json_ld(place):
    told = json.loads(json_ld(agreements.agreements(place.path)))
    assert {n["@id"] for n in told["@graph"]} == {
        "urn:three-circles:agreement:research",
        "urn:three-circles:agreement:strategic",
    }
    first = next(n for n in told["@graph"] if n["@id"].endswith("research"))
    assert {"@id": "eu-gdpr:A6-1-e"} in first["dpv:hasLegalBasis"] and "dpv" in told["@context"]


def test_a_decision_not_to_share_says_whether_sharing_would_harm_more(place):
    """disclosure section 3: both directions count."""
    about = {"asked_by": "school", "asked_of": "council", "reason": "r", "actor": "demo-officer"}
    with pytest.raises(UsageError, match="harm the child more"):
        share_decisions.decide(place.path, "P1", decision="not shared", **about)
    share_decisions.decide(place.path, "P1", decision="not shared", more_detrimental="yes", **about)
    share_decisions.decide(place.path, "P1", decision="shared", **about)
    assert [d.decision for d in share_decisions.decisions(place.path, "P1")] == [
        "not shared",
        "shared",
    ]
    assert audit.lines(place.path)[-1]["action"] == "share_decision"


def test_a_law_without_a_day_switches_no_duty_on():
    """disclosure section 8: s.16LA ships as not in force until set."""
    known = laws()
    assert known["ca2004-16la"].commencement == NOT_UNTIL_SET and not known["ca2004-16la"].binds(
        date(2099, 1, 1)
    )
    assert known["ukgdpr-9"].binds(DAY) and all(x.checked_on for x in known.values())
    assert "not in force here yet" in share_decisions.duty(DAY)


def test_the_toolkit_has_five_moments_eight_questions_and_three_audiences():
    """disclosure A18"""
    known = toolkit()
    assert len(known.moments) == 5
    for moment in known.moments:
        own = [q for q in known.questions if q.moment == moment.id]
        assert len(own) >= 8 and {a for q in own for a in q.for_} == set(AUDIENCES)
        assert all(q.question.endswith("?") and q.why and q.good_answer for q in own)
    assert len({q.id for q in known.questions}) == len(known.questions)


@pytest.mark.parametrize("audience", [None, *AUDIENCES])
def test_the_toolkit_shows_the_studys_own_notice_holders_and_retention(tmp_path, audience):
    """disclosure A18: page and PDF/UA; changing the notice changes them."""
    words = load("ethics/demonstration_study", StudyWords)
    page = write_html(toolkit_document(words, audience))
    path = write_pdf(toolkit_document(words, audience), tmp_path / "t.pdf")
    text = re.sub(r"\s+", " ", " ".join(p.extract_text() for p in pypdf.PdfReader(path).pages))
    for told in (page, text):
        assert words.notice[0] in told and words.retention in told and words.holders[1] in told
    other = StudyWords(**{**words.__dict__, "notice": ("We ask about music.",)})
    assert "We ask about music." in write_html(toolkit_document(other, audience))
    root = pypdf.PdfReader(path).trailer["/Root"]
    assert (
        root["/MarkInfo"]["/Marked"]
        and root["/Lang"].startswith("en")
        and "/StructTreeRoot" in root
    )
    assert b"pdfuaid" in path.read_bytes()


def test_the_assessment_keeps_the_officers_words_and_marks_what_changed(place):
    """disclosure section 8: regenerated with changes marked."""
    path = place.path / "dpia.md"
    write_dpia(place, path, DAY)
    text = path.read_text()
    assert "immigration enforcement" in text and "subtracts tables" in text
    path.write_text(text.replace("(to be written)", "I think it is fine."))
    assert write_dpia(place, path, DAY) == ()
    (place.path / "agreements").mkdir()
    (place.path / "agreements" / "n.yaml").write_text(
        "id: n\nlabel: New one\nsource: S\nkind: DSA\nstarts: 2026-01-01\nexpires: 2027-01-01\npurposes: [evaluation]\nparties: [{id: c, label: C, role: controller}]\n"
    )
    assert write_dpia(place, path, DAY) == ("agreements",)
    assert "I think it is fine." in path.read_text() and path.read_text().count(CHANGED) == 1
    assert write_dpia(place, path, DAY) == () and CHANGED not in path.read_text()


def test_the_key_can_be_changed_and_everything_still_opens(place):
    """disclosure A10, section 9: rotation; a command that was stopped goes on."""
    opened = workspaces.open_workspace(place.path, "identity")
    digest = opened.keep_raw(b"names")
    held = sealing.folder() / f"{place.id}.key"
    before = held.read_text()
    copy = held.with_name("copy")
    copy.write_text(before)
    copy.chmod(0o600)
    assert key_care.drill(place.path, copy).good
    assert key_care.rotate(place.path) == 1
    assert held.read_text() != before and held.stat().st_mode & 0o077 == 0
    assert workspaces.open_workspace(place.path, "identity").read_raw(digest) == b"names"
    assert not key_care.drill(place.path, copy).good
    assert [x["action"] for x in audit.lines(place.path)] == [
        "key_drill",
        "rotate_key",
        "key_drill",
    ]


def test_a_secret_that_others_can_read_is_refused(place):
    """disclosure section 9"""
    secret("sign-in", place.id)
    path = sealing.folder() / f"{place.id}.sign-in.key"
    path.chmod(0o644)
    with pytest.raises(NotPermitted, match="others can read"):
        secret("sign-in", place.id)
    with pytest.raises(NotPermitted):
        read_private(path)


def test_how_things_lie_on_the_disk_is_stated_and_never_assumed(place):
    """disclosure section 9: the fallback is said, not hoped for."""
    found = {x.part.split(" ")[0]: x.kept for x in at_rest(place.path)}
    assert found["names"] == "sealed"
    assert found["requests"] in ("open", "sealed volume", "cannot tell")


def test_a_line_of_a_log_cannot_be_forged():
    """disclosure A11, V16"""
    assert "\n" not in safe_line("x\nERROR y\r\x1b[31m") and safe_line("ä ok") == "ä ok"


def test_a_log_that_was_cut_short_is_found_by_its_anchor(place, tmp_path):
    """disclosure A9: truncation against an anchor kept elsewhere."""
    for i in range(3):
        audit.append(
            place.path,
            actor="u",
            action="view_audit",
            resource=f"x:{i}",
            purpose="audit",
            basis="b",
            decision="allow",
        )
    kept = tmp_path / "elsewhere.txt"
    anchors.anchor(place.path, file=kept)
    assert anchors.against(place.path, anchors.anchors(kept)).good
    with pytest.raises(UsageError, match="inside the workspace"):
        anchors.anchor(place.path, file=place.path / "x.txt")
    import sqlite3

    log = sqlite3.connect(audit.log_path(place.path))
    log.execute("DROP TRIGGER audit_kept")
    log.execute("DELETE FROM audit WHERE seq = 3")
    log.commit()
    assert not anchors.against(place.path, anchors.anchors(kept)).good
