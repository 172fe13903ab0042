"""After a check: the worklist, progress between two checks, what rules cost, repairs, a random sample."""

import csv
import json
import shutil

import pytest
import typer
from typer.testing import CliRunner

from threecircles.cli import quality
from threecircles.core.errors import UsageError
from threecircles.quality.runs import FORM

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"  # fmt: skip


@pytest.fixture(scope="module")
def app():
    made = typer.Typer()
    quality.register(made)
    return made


def run(app, *arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write_return(folder, end):
    folder.mkdir()
    (folder / "header.csv").write_text(
        HEADER + "a,M,01/05/2015,WBRI,UN1,,\nb,F,01/05/2014,ZZZZ,UN1,,\n"
    )
    (folder / "episodes.csv").write_text(EPISODES + f"a,10/05/2025,S,C2,N1,U6,PR1,{end},E4A,,,,\n")
    (folder.parent / "teams.csv").write_text("child,team,worker\na,North,W. One\n")
    return folder


@pytest.fixture(scope="module")
def checks(app, tmp_path_factory):
    """Two checks of one return: the second with one end date mended."""
    folder = tmp_path_factory.mktemp("checks")
    for name, end in (("one", "09/05/2025"), ("two", "19/05/2025")):
        files = write_return(folder / name, end)
        since = ["--since", folder / "out one"] if name == "two" else []
        done = run(
            app, "check", files, "--return", "903", "--year", 2026, "--out", folder / f"out {name}",
            "--teams", folder / "teams.csv", "--format", "csv", "--quiet", *since,
        )  # fmt: skip
        assert done.exit_code == 1, done.output
        (folder / f"said {name}.txt").write_text(done.output)
    return folder


def test_the_second_check_says_what_was_mended_since_the_first(checks):
    """quality 4.2: --since."""
    assert "Since" in (checks / "said two.txt").read_text()
    assert "mended" in (checks / "said two.txt").read_text()
    assert "What this return already tells you" in (checks / "said one.txt").read_text()


def test_a_check_stored_in_another_form_is_refused_with_what_to_do(app, checks, tmp_path):
    """quality 4.2: findings named otherwise are never called mended or new; said before anything is checked."""
    shutil.copytree(checks / "out one", tmp_path / "old")
    told = tmp_path / "old" / "903-2026" / "run" / "run.json"
    told.write_text(json.dumps(json.loads(told.read_text()) | {"form": FORM - 1}))
    for arguments in (
        ("check", checks / "two", "--return", "903", "--year", 2026, "--since", tmp_path / "old"),
        ("progress", tmp_path / "old" / "903-2026", checks / "out two" / "903-2026"),
    ):
        done = run(app, *arguments)
        said = str(done.exception)
        assert isinstance(done.exception, UsageError) and "stored by another version" in said
        assert "Check the same files again" in said and done.output == ""


def test_a_return_that_was_not_checked_before_has_nothing_to_be_compared_with(
    app, checks, tmp_path
):
    """quality 4.2: --since with one return's folder does not stop the others."""
    cin = tmp_path / "cin.xml"
    cin.write_text(
        "<Message><Header><CollectionDetails><Year>2026</Year><ReferenceDate>2026-03-31</ReferenceDate>"
        "</CollectionDetails></Header><Children><Child><ChildIdentifiers><LAchildID>a</LAchildID></ChildIdentifiers>"
        "</Child></Children></Message>"
    )
    done = run(app, "check", cin, "--return", "cin", "--year", 2026, "--out", tmp_path / "out", "--format", "csv",
               "--quiet", "--since", checks / "out one" / "903-2026")  # fmt: skip
    assert done.exit_code == 1 and "Since" not in done.output, done.output


def test_progress_names_every_state(app, checks):
    """quality 4.2, A22: through the command."""
    done = run(app, "progress", checks / "out one" / "903-2026", checks / "out two" / "903-2026")
    assert done.exit_code == 0, done.output
    assert all(word in done.output for word in ("mended", "still open", "not re-tested"))


def test_progress_of_one_team_or_worker_is_of_their_children(app, checks):
    """quality 4.2: a worker's figures go to that worker and their manager, so one is named, none are listed."""
    two = [checks / f"out {name}" / "903-2026" for name in ("one", "two")]

    def mended(*words):
        told = run(app, "progress", *two, *words).output
        return {line.split(maxsplit=1)[1]: int(line.split()[0].replace(",", "")) for line in told.splitlines()[1:]}  # fmt: skip

    whole, north, own = mended(), mended("--team", "North"), mended("--worker", "W. One")
    assert north == own and north["mended"] > 0
    assert sum(north.values()) < sum(whole.values())
    assert "worker W. Two" in str(run(app, "progress", *two, "--worker", "W. Two").exception)


def test_the_worklist_of_a_team_holds_its_children_only(app, checks):
    """quality 4.2: filters."""
    held = checks / "out one" / "903-2026"
    done = run(app, "worklist", held, "--team", "North", "--out", checks / "north.xlsx")
    assert "A (North, W. One)" in done.output and "B (" not in done.output
    assert (checks / "north.xlsx").stat().st_size
    assert "0 lines" in run(app, "worklist", held, "--team", "North", "--rule", "103").output
    for words, near in (
        (("--rule", "3566"), "did you mean 566?"),
        (("--team", "Nroth"), "did you mean North?"),
        (("--severity", "eror"), "did you mean error?"),
        (("--demand", "d099"), "There is no question d099"),
    ):
        assert near in str(run(app, "worklist", held, *words).exception), words


def test_the_worklist_of_a_dimension_of_quality(app, checks):
    """quality 4.2: filters; a word that is none is answered with those there are."""
    held = checks / "out one" / "903-2026"
    every = run(app, "worklist", held, "--most", 999).output
    valid = run(app, "worklist", held, "--dimension", "validity", "--most", 999).output
    assert 0 < valid.count("Episodes row") + valid.count("Header row") < every.count(" row ")
    assert "ZZZZ" in valid or "thnicity" in valid
    assert (
        "0 lines" in run(app, "worklist", held, "--dimension", "validity", "--rule", "356").output
    )
    done = run(app, "worklist", held, "--dimension", "validty")
    assert "did you mean validity?" in str(done.exception) and "completeness" in str(done.exception)


def test_burden_says_what_is_assumed(app, checks):
    """quality 4.3: minutes typed in, or a default marked as assumed."""
    (checks / "minutes.csv").write_text("rule,minutes\n356,30\n")
    done = run(app, "burden", checks / "out one" / "903-2026", "--minutes", checks / "minutes.csv")
    assert "356          0.5 hours" in done.output and "(assumed)" in done.output
    assert "found nothing" in done.output


def test_a_folder_without_a_check_is_refused_with_the_nearest(app, checks):
    done = run(app, "worklist", checks / "out one")
    assert done.exit_code != 0
    assert "903-2026" in str(done.exception)


def test_a_sample_is_drawn_and_its_answers_give_a_share(app, checks, tmp_path):
    """quality 4.1: sample audit: a random form, results typed back, share right with interval."""
    form = tmp_path / "form.csv"
    done = run(app, "sample", "draw", checks / "one", "--table", "Header", "--n", 2, "--out", form, "--year", 2026)  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(form.open(encoding="utf-8-sig")))
    assert {r["child"] for r in rows} == {"A", "B"}
    for row in rows:
        row["right"] = "yes" if row["child"] == "A" else "no"
    with form.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = run(app, "sample", "enter", form)
    assert "1 of 2  too few to score" in done.output, done.output


def test_repairs_are_proposed_accepted_and_undone_by_commands(app, tmp_path):
    """quality A24: through the commands."""
    for year, rows in ((2025, "a,01/05/2024,S,C2,N1,U1,PR1,,,,,,\n"), (2026, "b,01/06/2025,S,C2,N1,U1,PR1,,,,,,\n")):  # fmt: skip
        (tmp_path / f"{year}.csv").write_text(EPISODES + rows)
    out = tmp_path / "repairs"
    done = run(app, "repair", "propose", tmp_path / "2025.csv", tmp_path / "2026.csv", "--out", out)
    assert "1 proposed, nothing changed" in done.output, done.output
    done = run(app, "repair", "accept", out, "--by", "A. Analyst", "--reason", "agreed")
    assert "R2 1" in done.output
    assert "UNKNOWN END" in (out / "tables" / "episodes_2025.csv").read_text()
    run(app, "repair", "undo", out, "--by", "A. Analyst", "--reason", "not agreed")
    assert "UNKNOWN END" not in (out / "tables" / "episodes_2025.csv").read_text()


def test_a_source_or_list_of_codes_that_is_not_there_is_answered_with_the_nearest(app, tmp_path):
    """quality section 5: no empty answer, no name of a file that the reader never saw."""
    for arguments, nearest in (
        (("source", "crosswalk", "--codes", "etnicity"), "did you mean ethnicity?"),
        (("source", "template", "early-halp", "--out", tmp_path), "did you mean early-help?"),
    ):
        done = run(app, *arguments)
        assert isinstance(done.exception, UsageError) and nearest in str(done.exception)
