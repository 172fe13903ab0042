"""Scores by group and verdicts for questions, as a data officer asks for them (spec/quality.md 4.1, 4.2)."""

import json

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from threecircles.checking import fitting
from threecircles.checking.fitting import LINKAGE, link_counts
from threecircles.cli import fit, quality
from threecircles.core.errors import UsageError
from threecircles.core.workspace import create
from threecircles.need import steps as need

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"  # fmt: skip
WORKERS = "CHILD,DOB,SW_ID,SW_DECOM,SW_DEC,SW_REASON\n"


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    quality.register(made)
    fit.register(made)
    return made


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A place with one return of 24 children in care, two social workers and two homes."""
    folder = tmp_path_factory.mktemp("place")
    files = folder / "received"
    files.mkdir()
    children = range(24)
    (files / "header.csv").write_text(HEADER + "".join(f"c{n},M,01/05/2015,WBRI,UN1,,\n" for n in children))  # fmt: skip
    (files / "episodes.csv").write_text(
        EPISODES + "".join(f"c{n},10/05/2025,S,C2,N1,U6,PR1,,,,AA1 1AA,AA1 1AA,SC{n % 2}\n" for n in children)
    )  # fmt: skip
    (files / "sw_episodes.csv").write_text(
        WORKERS + "".join(f"c{n},01/05/2015,SW{n % 2},10/05/2025,,FCONTA\n" for n in children)
    )
    (folder / "teams.csv").write_text("child,team,worker\n" + "".join(f"c{n},North,Ann\n" for n in children))  # fmt: skip
    (folder / "place.yaml").write_text(
        "id: p\nlabel: Place\nla_code: E10900001\nyear: 2026\ndeliveries:\n"
        "  - {id: care, source: ssda903, files: ['received/*.csv'], received_on: 2026-06-05, as_of: 2026-03-31, year: 2026}\n"
    )
    return folder


def run(app, *arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_fit_says_of_every_question_what_stands_in_the_way(app, place, tmp_path):
    """quality 4.1: verdict, binding field and what would make it fit, for every question of the catalogue."""
    out = tmp_path / "fit.json"
    told = run(app, "fit", place, "--json", out)
    assert told.exit_code == 0, told.output
    found = {v["demand"]: v for v in json.loads(out.read_text())}
    assert len(found) == 58 and "58 questions" in told.output
    assert found["d54"]["verdict"] == "not fit" and found["d54"]["binding"] == "ssda903"
    late = next(r for r in found["d54"]["requirements"] if r["dimension"] == "late")
    assert (
        "came 66 days after its period ended; the answer is needed within 7 days." in late["found"]
    )
    assert "59 days sooner" in late["would_make_it_fit"]
    assert found["d38"]["found"].startswith("Not received: Annex A")
    for asked_once_it_is_there in ("d30", "d51"):
        told = found[asked_once_it_is_there]["requirements"]
        assert told and all(r["dimension"] != "late" for r in told)
    assert found["d27"]["found"].startswith("Not received: ")


def test_fit_of_one_question_lists_all_it_needs(app, place):
    told = run(app, "fit", place, "d54")
    assert told.exit_code == 0
    assert "How the child took part in the review (Return of looked-after children (SSDA903)) was not measured" in told.output  # fmt: skip
    assert "how many of the links that should exist between the sources were made" in told.output


def test_a_wrong_word_is_answered_before_anything_is_read(app, place):
    for words, said in (
        (("d380",), "did you mean d38"),
        (("--verdict", "fitt"), "did you mean fit"),
    ):
        answer = run(app, "fit", place, *words)
        assert isinstance(answer.exception, UsageError) and said in str(answer.exception)


def published(group, **measures):
    rows = [(group, measure, value) for measure, value in measures.items()]
    schema = {"group": pl.String, "measure": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_links_that_should_exist_are_those_rightly_made_and_those_missing(monkeypatch):
    """quality 4.1: 28,629 made less 358 wrong, of these and 1,161 missing; groups do not count again."""
    made = {"links": 28629.0, "links_wrong_expected": 357.8, "links_missing_expected": 1160.8}
    table = pl.concat([published("All", **made), published("sex:F", links=14000.0)])
    monkeypatch.setattr(fitting, "payload_table", lambda *_: table.lazy())
    assert link_counts(None) == (28271, 29432)
    few = published("All", links=99.0, links_wrong_expected=None, links_missing_expected=None)
    monkeypatch.setattr(fitting, "payload_table", lambda *_: few.lazy())
    assert link_counts(None) is None


def test_links_come_from_a_workspace_in_which_records_were_linked(tmp_path):
    workspace = create(tmp_path / "w")
    with pytest.raises(UsageError, match="No links were told of"):
        link_counts(workspace)
    assert LINKAGE == need.LINK_ERRORS, "two rooms read one table"


def test_scores_by_team_provider_and_field(app, place, tmp_path):
    """quality 4.1: per field, team and provider; k of n with its interval."""
    files = place / "received"
    by_field = run(app, "scores", files, "--year", 2026)
    assert "Header.SEX  completeness: 24 of 24, 100% (86.2% to 100%)" in by_field.output
    teams = run(app, "scores", files, "--year", 2026, "--by", "team", "--teams", place / "teams.csv")  # fmt: skip
    assert "North  completeness:" in teams.output and "Ann" not in teams.output
    homes = run(app, "scores", files, "--year", 2026, "--by", "provider")
    assert homes.output.index("SC0") < homes.output.index("SC1")


def test_kinds_and_lateness_are_told_of_whole_files(app, place, tmp_path):
    """quality 4.1: kinds of each field as text and JSON; file lag with median and 90th percentile."""
    out = tmp_path / "kinds.json"
    told = run(app, "scores", place / "received", "--year", 2026, "--kinds", "--json", out)
    assert "Header.ETHNIC  24 rows: 24 present" in told.output
    (number,) = (r for r in json.loads(out.read_text()) if (r["table"], r["column"]) == ("Header", "UPN"))  # fmt: skip
    assert (number["rows"], number["not_applicable"]) == (24, 24)
    late = run(app, "fit", place, "--late")
    assert "median 66, 90th percentile 66 days (1 delivery)" in late.output
    assert "it needs both returns" in run(app, "scores", place / "received", "--year", 2026, "--late").output  # fmt: skip
    answer = run(app, "scores", place / "received", "--kinds", "--by", "provider")
    assert "Leave out --by" in str(answer.exception)


def test_one_worker_is_told_of_their_own_records_and_no_other(app, place):
    """quality 4.2: no league table of workers; their figures go to them and their manager."""
    files = place / "received"
    told = run(app, "scores", files, "--year", 2026, "--worker", "SW0")
    assert told.exit_code == 0 and "SW0  completeness" in told.output and "SW1" not in told.output
    for words, said in (
        (("--by", "worker"), "Scores are not listed by worker"),
        (("--by", "shool"), "did you mean school"),
        (("--by", "team"), "--teams FILE"),
        (("--by", "school"), "No file given tells the school"),
        (("--worker", "SW00"), "No worker of this name"),
        (("--worker", "SW0", "--by", "team"), "not both"),
    ):
        answer = run(app, "scores", files, "--year", 2026, *words)
        assert answer.exit_code == 1 and said in str(answer.exception)


def test_a_check_tells_its_questions_and_keeps_the_trend(app, place, tmp_path):
    """quality 4.1: the page of a check says which questions its data can answer; the next goes on from it."""
    for name, since in (("one", []), ("two", ["--since", tmp_path / "one"])):
        done = run(
            app, "check", place / "received", "--return", "903", "--year", 2026, "--quiet", "--format", "html",
            "--fit", "--received", "2026-06-05", "--out", tmp_path / name, *since,
        )  # fmt: skip
        assert done.exit_code in (0, 1), done.output
        page = (tmp_path / name / "903-2026" / "report.html").read_text()
        assert "Which questions this data can answer" in page and "90% is asked." in page
        assert "What stands in each field" in page and "Ethnic group (Header.ETHNIC)" in page
        assert (tmp_path / name / "903-2026" / "run" / "trend.parquet").exists()


def test_files_that_nobody_knows_stop_no_verdict(app, tmp_path):
    """A broken census beside a table of unknown columns: told in words, and no error."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "header.csv").write_text('CHILD,SEX,DOB\n1,M,01/01/2010\n2,"F,31/02/2012\n')
    (folder / "cin.xml").write_text('<?xml version="1.0"?><Message><Header><Coll')
    done = run(app, "check", folder, "--year", 2026, "--fit", "--out", tmp_path / "out", "--quiet")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    assert done.exit_code == 3 and "header.csv" in done.output


def test_a_day_that_is_none_is_refused(app, place):
    answer = run(app, "check", place / "received", "--received", "soon", "--quiet")
    assert "soon is not a date" in str(answer.exception)
