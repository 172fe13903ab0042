"""Packs between boroughs of one study (survey A25, A32)."""

import json
from datetime import date

import pytest
from tests.survey.made_up import GRANT
from tests.survey.test_from_close_to_report import answered

from threecircles.cli.survey_run import safe_tables
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure.attack_release import attack_safe
from threecircles.report.survey_exchange import compare, read_exchange, write_exchange
from threecircles.survey.closing import close
from threecircles.survey.scored import score_study
from threecircles.survey.tables import study_tables

UNTIL = date(2027, 12, 31)


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    """Packs of three boroughs and of a fourth with convenience answers, and the Safe tables behind them."""
    made, safes = [], []
    for name, more in (("A", ""), ("B", ""), ("C", "basis: convenience"), ("D", "")):
        folder = tmp_path_factory.mktemp(f"borough{name}")
        study, _, _ = answered(
            folder, schools=2, on_roll=22, more=more, study_id=f"autumn-{name.lower()}"
        )
        close(folder, study, GRANT, date(2026, 12, 1))
        safe, _ = safe_tables(study_tables(score_study(folder, study), name))
        made.append(
            write_exchange(safe, study, f"Borough {name}", "AG-1", UNTIL, folder / "pack.json")
        )
        safes.append(safe)
    return made, safes


def test_boroughs_compare_the_same_questions_and_nothing_else(packs):
    "A32."
    read = [read_exchange(p, date(2026, 12, 2)) for p in packs[0]]
    rows, told = compare(read)
    three = {"Borough A", "Borough B", "Borough D"}
    assert rows and all(three <= set(r) and "Borough C" not in r for r in rows)
    assert told == ["Borough C: convenience answers stand for nobody else and are not compared."]
    from dataclasses import replace

    edited = replace(read[1], hashes=read[1].hashes | {"emo1": "other words"})
    rows, told = compare([read[0], edited])
    assert not [r for r in rows if r["measure"].startswith("emo1:")]
    assert told == ["emo1: not the same question everywhere; not compared."]


def test_the_label_of_convenience_answers_survives_the_pack(packs):
    "A25."
    told = json.loads(packs[0][2].read_text())
    assert told["basis"] == "convenience" and all(
        "convenience" in r["measure"] for r in told["rows"]
    )
    assert not [k for r in told["rows"] for k in r if k in ("low", "high")]


def test_no_small_group_can_be_worked_out_of_packs_and_reports_together(packs):
    "A32: the attacker over the three boroughs' packs, borough reports and school reports at once."
    together = [table for safe in packs[1] for table in safe]
    assert len({t.spec.population for t in together}) == 4
    assert len([t for t in together if t.spec.id.startswith("school-")]) == 3 * 2 * 4
    assert attack_safe(together) == []
    for path in packs[0]:
        for row in json.loads(path.read_text())["rows"]:
            assert row["symbol"] or row["n"] >= 10


def test_a_pack_ends_with_its_agreement_and_is_made_from_released_tables_only(packs, tmp_path):
    "A32."
    with pytest.raises(NotPermitted, match="until 2027-12-31"):
        read_exchange(packs[0][0], date(2028, 1, 1))
    study, _, _ = answered(tmp_path, schools=1, on_roll=6)
    with pytest.raises(NotPermitted, match="agreement"):
        write_exchange([], study, "A", "", UNTIL, tmp_path / "pack.json")
    with pytest.raises(NotPermitted, match="released tables only"):
        write_exchange([object()], study, "A", "AG", UNTIL, tmp_path / "pack.json")
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(UsageError, match="not a pack"):
        read_exchange(tmp_path / "other.json", date(2026, 1, 1))
