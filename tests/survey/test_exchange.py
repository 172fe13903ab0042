"""Packs between boroughs of one study (survey A25, A32)."""

import csv
import json
from dataclasses import replace
from datetime import date

import pytest
from tests.survey.made_up import GRANT, open_study
from tests.survey.test_from_close_to_report import answered

from threecircles.cli.survey_packs import set_beside, take_pack, whose_is
from threecircles.cli.survey_run import protected, write_reports
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure.attack_files import attack_files
from threecircles.disclosure.attack_release import attack_safe
from threecircles.report.context import Context
from threecircles.report.open_formats import write_csv_files
from threecircles.report.survey_exchange import (
    compare,
    core_hashes,
    exchange_of,
    read_exchange,
    write_exchange,
)
from threecircles.report.survey_packs import borough_pack, school_pack
from threecircles.survey.closing import close
from threecircles.survey.scored import score_study
from threecircles.survey.study import faults

UNTIL = date(2027, 12, 31)
TODAY = date(2026, 12, 2)
NAMES = ("Ash", "Birch", "Cedar")
SHARED = "authorities: [Ash, Birch, Cedar]\nauthority: {}\n{}"


def borough(folder, name, more=""):
    """A borough of the study autumn with its own pupils: workspace, study, Safe tables, pack file."""
    on_roll = 22 + NAMES.index(name)
    study, _, _ = answered(folder, schools=2, on_roll=on_roll, more=SHARED.format(name, more))
    close(folder, study, GRANT, date(2026, 12, 1))
    safe, _ = protected(folder, score_study(folder, study))
    told = exchange_of(safe, study, whose_is(study), "AG-1", UNTIL, folder)
    return folder, study, safe, write_exchange(told, folder / "pack.json")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three boroughs of ONE study id."""
    return {n: borough(tmp_path_factory.mktemp(n), n) for n in NAMES}


@pytest.fixture(scope="module")
def open_answers(tmp_path_factory):
    """A pack of convenience answers."""
    return borough(tmp_path_factory.mktemp("open"), "Cedar", "basis: convenience")


def test_boroughs_of_one_study_compare_the_same_questions_and_nothing_else(three, open_answers):
    "A32: items, and scores made of them, of equal hash only."
    read = [read_exchange(three[n][3], TODAY) for n in NAMES]
    assert {p.study for p in read} == {"autumn"}
    rows, told = compare(read)
    assert rows and all(set(NAMES) <= set(r) for r in rows) and told == []
    assert {r["sex"] for r in rows if r["measure"] == "feelings"} >= {"All", "F", "M"}
    _, told = compare([*read[:2], read_exchange(open_answers[3], TODAY)])
    assert told == ["Cedar: convenience answers stand for nobody else and are not compared."]
    edited = replace(read[1], hashes=read[1].hashes | {"emo1": "other words"})
    rows, told = compare([read[0], edited])
    assert not [r for r in rows if r["measure"].startswith("emo1:")]
    assert told == ["emo1: not the same question everywhere; not compared."]


def test_a_core_that_one_borough_reworded_is_another_question(tmp_path):
    "A32: the hash is of what was asked here, not of what we ship; a score goes with its questions."
    study, _, _ = open_study(tmp_path, schools=1, on_roll=5)
    ours = core_hashes(study)
    assert core_hashes(study, tmp_path) == ours
    own = tmp_path / "measures" / "en" / "feelings.yaml"
    from threecircles.definitions import HOME

    (shipped,) = HOME.glob("measures/en/feelings.yaml")
    own.parent.mkdir(parents=True)
    text = shipped.read_text(encoding="utf-8")
    first = next(line for line in text.splitlines() if line.strip().startswith("emo1:"))
    own.write_text(text.replace(first, "  emo1: Quite other words"), encoding="utf-8")
    edited = core_hashes(study, tmp_path)
    assert {c for c in ours if ours[c] != edited[c]} == {"emo1", "feelings"}


def test_packs_are_taken_in_and_stand_on_a_page_of_their_own(three, tmp_path, monkeypatch):
    "A32: export, import, report; the others by name, in no order of merit, until their agreement ends."
    folder, study, safe, own = three["Birch"]
    for name in ("Cedar", "Ash"):
        assert f"{name}: " in take_pack(folder, study.id, three[name][3], TODAY)
    with pytest.raises(UsageError, match="own authority"):
        take_pack(folder, study.id, own, TODAY)
    (table,), told = set_beside(folder, study, safe, TODAY)
    assert told == () and table.spec.dimensions[0].order == ("Birch", "Ash", "Cedar")
    shown = {
        (r["authority"], r["measure"], r["sex"], r["nc_year"]): r["value"]
        for r in table.frame.to_dicts()
    }
    for name in NAMES:
        for row in json.loads(three[name][3].read_text())["rows"]:
            key = (name, row["measure"], row["sex"], row["nc_year"])
            assert shown.get(key, row["value"]) == row["value"]
    monkeypatch.setattr("threecircles.report.survey_packs.write_pdf", lambda pack, path: path)
    write_reports(folder, study, tmp_path / "out", TODAY, tell=lambda line: None)
    page = (tmp_path / "out" / "borough" / "boroughs.html").read_text(encoding="utf-8")
    assert page.index("Birch") < page.index("Ash") < page.index("Cedar")
    assert "agreement AG-1" in page and "no order of merit" in page
    tables, told = set_beside(folder, study, safe, date(2028, 1, 1))
    assert tables == [] and len(told) == 2 and "until 2027-12-31" in told[0]


def test_no_small_group_can_be_worked_out_of_packs_and_reports_together(three, tmp_path):
    "A32: packs, borough reports and school reports of all three, by both attackers; no shown cell under 10."
    together = [table for n in NAMES for table in three[n][2]]
    assert len({t.spec.population for t in together}) == 3
    assert len([t for t in together if t.spec.id.startswith("school-")]) == 3 * 2 * 4
    assert attack_safe(together) == []
    for name in NAMES:
        _, study, safe, pack = three[name]
        about = Context(place=name, la_code="", period=study.period, made_on=TODAY)
        schools = {t.spec.id.split("-")[1] for t in safe if t.spec.id.startswith("school-")}
        for part in (
            borough_pack(safe, about, {}),
            *(school_pack(safe, s, about, {}) for s in schools),
        ):
            write_csv_files(part, tmp_path / name / f"{part.id}-{part.release_id}")
        rows = json.loads(pack.read_text())["rows"]
        assert rows and all(r["symbol"] or r["n"] >= 10 for r in rows)
        written(rows, tmp_path / name / "pack.csv", study)
    files = sorted(tmp_path.rglob("*.csv"))
    assert len(files) > 3 * 2 * 3
    found = attack_files(files)
    assert found.exact == 0 and found.hidden
    assert found.contradictory == (), "the boroughs' figures are taken for one another"


def written(rows, path, study):
    """A pack's rows as an attacker would lay them beside the reports' own tables."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["number_id", "table", "period", "sex_code", "nc_year_code", "measure", "value", "n"]
            + ["numerator", "symbol", "unit", "definition"]
        )
        for r in rows:
            figures = ["" if r[f] is None else r[f] for f in ("value", "n")]
            out.writerow(
                ["", "pack", study.period, r["sex"], r["nc_year"], r["measure"], *figures]
                + ["", r["symbol"] or "", "pupils", ""]
            )


def test_the_authority_of_origin_decides_by_which_groups_it_gives(three):
    "A32."
    folder, study, safe, _ = three["Ash"]
    for groups, others in ((("sex",), "nc_year"), ((), "sex")):
        told = exchange_of(safe, study, "Ash", "AG-1", UNTIL, folder, groups)
        assert told.rows and {r[others] for r in told.rows} == {"All"}
    with pytest.raises(UsageError, match="no such group"):
        exchange_of(safe, study, "Ash", "AG-1", UNTIL, folder, ("school",))


def test_a_shared_study_says_whose_record_it_is(tmp_path):
    "A32."
    study, _, _ = open_study(tmp_path, schools=1, on_roll=5, more="authorities: [Ash, Birch]")
    assert any("authority: Ash or Birch" in line for line in faults(study, tmp_path))


def test_the_label_of_convenience_answers_survives_the_pack(open_answers):
    "A25."
    told = json.loads(open_answers[3].read_text())
    assert told["basis"] == "convenience" and told["rows"]
    assert all("convenience" in r["measure"] for r in told["rows"])
    assert not [k for r in told["rows"] for k in r if k in ("low", "high")]


def test_a_pack_ends_with_its_agreement_and_is_made_from_released_tables_only(three, tmp_path):
    "A32."
    with pytest.raises(NotPermitted, match="until 2027-12-31"):
        read_exchange(three["Ash"][3], date(2028, 1, 1))
    study = three["Ash"][1]
    with pytest.raises(NotPermitted, match="agreement"):
        exchange_of([], study, "A", "", UNTIL)
    with pytest.raises(NotPermitted, match="released tables only"):
        exchange_of([object()], study, "A", "AG", UNTIL)
    for text in ("[]", "not json"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(UsageError, match="not a pack"):
            read_exchange(tmp_path / "other.json", date(2026, 1, 1))
    told = json.loads(three["Ash"][3].read_text())
    (tmp_path / "other.json").write_text(
        json.dumps(told | {"rows": [{"measure": "emo1:1", "n": "ten"}]})
    )
    with pytest.raises(UsageError, match="damaged"):
        read_exchange(tmp_path / "other.json", date(2026, 1, 1))
