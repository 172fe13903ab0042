"""From answers to reports: frozen, scored, protected, attacked and written (survey A21-A23, A25)."""

import json
import random
import re
from datetime import date

import polars as pl
import pytest
from tests.survey.made_up import GRANT, open_study

from threecircles.core.errors import UsageError
from threecircles.survey.account import account
from threecircles.survey.closing import close, read_closed
from threecircles.survey.field import counted, store_of
from threecircles.survey.given import given_codes
from threecircles.survey.questionnaire import items, questionnaire
from threecircles.survey.scored import score_study
from threecircles.survey.study import folder_of
from threecircles.survey.tables import NO_ANSWER, school_mark, study_tables


def answered(workspace, schools=4, on_roll=26, **changes):
    """A study in which most pupils of every class have answered at random, and one stopped half way."""
    study, store, rows = open_study(
        workspace, schools=schools, years=(5, 6), on_roll=on_roll, **changes
    )
    rng = random.Random(6)
    asked = {q: questionnaire(q, workspace) for q in study.questionnaires}
    forms = {
        q: (given_codes(f, home=workspace), {i.code: i for i in items(f, workspace)})
        for q, f in asked.items()
    }
    store.run("PRAGMA synchronous=OFF") if not store.postgres else None
    for row in rows:
        codes, form = forms[row["questionnaire"]]
        for k in range(on_roll - 3):
            session = store.open_session(row["code"], row["questionnaire"], codes, "en", "standard")
            told = []
            for place, code in enumerate(codes):
                if k == 0 and place > 12:
                    break
                value = {"year": str(row["nc_year"]), "sex": rng.choice("FM" * 8 + "X")}.get(code)
                item = form[code]
                value = value or ("More time" if item.type == "text" else rng.choice(item.values))
                refused = rng.random() < 0.03
                told.append(
                    {
                        "item": code,
                        "value": None if refused else value,
                        "missing_reason": "refused" if refused else None,
                    }
                )
            store.save(session.token, 1, told)
            if k:
                store.finish(session.token)
        store.refuse(row["code"])
    return study, store, rows


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A closed study and its scores."""
    folder = tmp_path_factory.mktemp("closed")
    study, _, _ = answered(folder)
    done = close(folder, study, GRANT, date(2026, 12, 1))
    return folder, study, done, score_study(folder, study)


def test_closing_freezes_what_came_and_says_why_the_rest_did_not(closed):
    folder, study, done, _ = closed
    assert done.forms == 4 * 2 * 23 and done.finished == 4 * 2 * 22
    responses = read_closed(folder, study)["responses"]
    stopped = responses.filter(pl.col("status") == "stopped")
    assert set(stopped["tru3__why"]) == {"not_reached"} and "refused" in set(responses["emo1__why"])
    assert responses["one_change"].null_count() == responses.height
    words = read_closed(folder, study)["words"]
    assert set(words["text"]) == {"More time"}
    assert set(responses["response_id"]).isdisjoint(
        str(r["key"]) for r in store_of(folder, study).run("SELECT key FROM session")
    )
    with pytest.raises(UsageError, match="is closed"):
        close(folder, study, GRANT, date(2026, 12, 2))


def test_a_frozen_file_that_was_touched_is_refused(tmp_path):
    study, _, _ = answered(tmp_path, schools=1, on_roll=8)
    close(tmp_path, study, GRANT, date(2026, 12, 1))
    path = folder_of(tmp_path, study.id) / "participation.parquet"
    pl.read_parquet(path).with_columns(on_roll=pl.lit(99)).write_parquet(path)
    with pytest.raises(UsageError, match="not the one that was frozen"):
        read_closed(tmp_path, study)


def test_weights_bring_the_answers_to_the_roll(closed):
    _, _, _, scored = closed
    assert scored.rows["weight"].sum() == pytest.approx(4 * 2 * 26)
    assert scored.rows.height == 4 * 2 * 23


def test_every_table_rests_on_one_base_and_every_distribution_is_whole(closed):
    _, study, _, scored = closed
    tables = {t.spec.id: t for t in study_tables(scored, "salt")}
    answers = tables["survey-answers"].frame
    for code in ("emo1", "fri2"):
        own = answers.filter(pl.col("measure").str.starts_with(f"{code}:"))
        assert (
            own["value"].sum() == pytest.approx(1)
            and f"{code}:{NO_ANSWER}" in own["measure"].to_list()
        )
        assert set(own["n"]) == {scored.rows.height}
    mark = school_mark(study, "100001", "salt")
    assert "100001" not in json.dumps([t.frame.write_csv() for t in tables.values()])
    own = tables[f"school-{mark}-took-part"].frame
    whole = own.filter((pl.col("sex") == "All") & (pl.col("nc_year") == "All"))["n"].item()
    assert (
        own.filter(pl.col("sex") != "All")["n"].sum()
        == whole
        == own.filter(pl.col("nc_year") != "All")["n"].sum()
    )


def test_reports_are_written_only_when_no_hidden_group_can_be_worked_out(closed, tmp_path):
    "A21, A22, A23: all schools and the borough; the attacker finds nothing; every number has its lineage."
    import pypdf

    from threecircles.cli.survey_run import safe_tables, write_reports
    from threecircles.disclosure.attack_release import attack_safe

    folder, study, _, scored = closed
    salt = json.loads((folder_of(folder, study.id) / "closed.json").read_text())["sha256"][
        "responses"
    ]
    safe, _ = safe_tables(study_tables(scored, salt))
    assert attack_safe(safe) == []
    for table in safe:
        shown = table.frame.filter(pl.col("symbol") == "")["n"].drop_nulls()
        assert ((shown >= 10) | (shown == 0)).all(), table.spec.id
        assert table.definitions and table.spec.step and table.manifest
    done = write_reports(folder, study, tmp_path, date(2026, 12, 2), tell=lambda _: None)
    assert len(done.schools) == 4
    for place in (done.borough, *done.schools.values()):
        reader = pypdf.PdfReader(place / "report.pdf")
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
        assert (place / "index.html").exists() and list((place / "lineage").glob("*.html"))
    own = (done.schools["100001"] / "methods.html").read_text()
    assert (
        "feelings (en) is draft; piloted is needed." in own and "a test with made-up answers" in own
    )
    every = " ".join(p.read_text() for p in done.schools["100001"].glob("*.html"))
    assert "School 1" not in every.replace("School 10", "") or "School 0" in every
    assert "School 2" not in every and "rank" not in every.lower().replace("no ranks", "")


def test_a_second_run_redoes_only_the_school_that_changed(tmp_path):
    "A21 and A23: the others' files stay as they were; every score shows base, weighted base and design effect."
    from threecircles.cli.survey_run import write_reports

    study, _, _ = answered(tmp_path, schools=3, on_roll=24)
    roll = folder_of(tmp_path, study.id) / "roll.csv"
    rows = [f"{u},{y},{s},12" for u in (100001, 100002, 100003) for y in (5, 6) for s in "FM"]
    roll.write_text("\n".join(["urn,nc_year,sex,pupils", *rows]) + "\n")
    close(tmp_path, study, GRANT, date(2026, 12, 1))
    out, day = tmp_path / "out", date(2026, 12, 2)
    first = write_reports(tmp_path, study, out, day, tell=lambda _: None)
    before = {u: (f / "report.pdf").stat().st_mtime_ns for u, f in first.schools.items()}
    roll.write_text(roll.read_text().replace("100002,5,F,12", "100002,5,F,19"))
    second = write_reports(tmp_path, study, out, date(2026, 12, 3), tell=lambda _: None)
    assert first.unchanged == () and second.unchanged == ("100001", "100003")
    after = {u: (f / "report.pdf").stat().st_mtime_ns for u, f in second.schools.items()}
    assert [u for u in before if before[u] != after[u]] == ["100002"]
    page = (first.schools["100001"] / "strengths.html").read_text()
    assert page.count("Stand for") >= 2 and "Design effect" in page and "lineage/" in page
    kept = pl.read_parquet(folder_of(tmp_path, study.id) / "estimates.parquet")
    assert {"with", "without"} >= set(kept["flags_in"]) and kept["manifest_id"].n_unique() == 1


def test_the_account_names_words_that_were_not_tried_and_who_is_missing(closed):
    "A30: reason, item and language stand in every report's method."
    told = account(closed[3])
    assert any(
        "feelings (en) is draft" in line and "a test with made-up answers" in line
        for line in told["method"]
    )
    assert told["response"][0].startswith("Of 208 pupils on roll, 184 gave answers, 8 said no")


def test_convenience_answers_have_no_interval_group_school_or_weight(tmp_path):
    "A25."
    study, _, _ = answered(tmp_path, schools=3, on_roll=20, more="basis: convenience")
    close(tmp_path, study, GRANT, date(2026, 12, 1))
    scored = score_study(tmp_path, study)
    tables = study_tables(scored, "salt")
    assert [t.spec.id for t in tables] == ["survey-convenience"]
    (table,) = tables
    assert table.frame["low"].null_count() == table.frame["high"].null_count() == table.frame.height
    assert (
        set(table.frame["sex"]) == set(table.frame["nc_year"]) == {"All"}
        and "school" not in table.frame.columns
    )
    assert "of the" in table.spec.title.lower() and "convenience" in table.spec.title
    assert all(m.startswith("convenience ") for m in table.frame["measure"])
    assert "stand for nobody else" in account(scored)["notices"][0]


def test_a_report_of_convenience_answers_says_so_in_every_form_and_names_no_school(tmp_path):
    "A25: pages, CSV, PDF and the kept estimates: the label is there; intervals, groups and weights are not."
    import pypdf

    from threecircles.cli.survey_run import write_reports

    study, _, _ = answered(
        tmp_path, schools=3, on_roll=20, more="basis: convenience", languages="en", questionnaires="pupils_9_11"
    )  # fmt: skip
    close(tmp_path, study, GRANT, date(2026, 12, 1))
    done = write_reports(tmp_path, study, tmp_path / "out", date(2026, 12, 2), tell=lambda _: None)
    assert done.schools == {} and not (tmp_path / "out" / "schools").exists()
    page = (done.borough / "index.html").read_text()
    assert page.count("stand for nobody else") > 5 and "I have a friend I can talk to." in page
    assert not re.search(r"95% interval|Girls|Boys|School \d|Year \d", page)
    pdf = " ".join(p.extract_text() for p in pypdf.PdfReader(done.borough / "report.pdf").pages)
    assert "nobody else" in " ".join(pdf.split()) and "95% interval" not in pdf
    (path,) = (done.borough / "data").glob("*.csv")
    rows = pl.read_csv(path, infer_schema_length=0)
    assert all(m.startswith("convenience ") for m in rows["measure"])
    empty = [c for c in ("low", "high", "n_weighted", "deff") if c in rows.columns]
    assert empty and all(
        rows[c].drop_nulls().replace("", None).null_count() == rows[c].drop_nulls().len()
        for c in empty
    )
    kept = pl.read_parquet(folder_of(tmp_path, study.id) / "estimates.parquet")
    assert set(kept["target"]) == {"those who answered (convenience)"} and set(kept["group"]) == {
        "{}"
    }
    assert all(
        kept[c].null_count() == kept.height for c in ("se", "low", "high", "deff", "n_weighted")
    )


def test_the_count_while_open_shows_classes_and_no_attribute(tmp_path):
    _, store, _ = answered(tmp_path, schools=1, on_roll=8)
    told = counted(store, "100001")
    assert [(c.name, c.started, c.finished, c.refused) for c in told] == [
        ("5A", 5, 4, 1),
        ("6A", 5, 4, 1),
    ]
    assert not set(told[0].__dataclass_fields__) & {"sex", "answers", "language"}
