"""`threecircles check`: one screen, machine output, exit codes, and nothing that a spreadsheet would run."""

import json
import re
import subprocess
import sys
import zipfile
from datetime import date

import pytest

from threecircles import checking

HEADER = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\n"
EPISODES = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"


def run(*arguments):
    command = [sys.executable, "-m", "threecircles", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def returns(tmp_path):
    (tmp_path / "header.csv").write_text(
        HEADER + "=1+1,M,01/05/2015,WBRI,UN1,,\nb,F,01/05/2014,WBRI,UN1,,\n"
    )
    (tmp_path / "episodes.csv").write_text(
        EPISODES
        + "=1+1,10/05/2025,S,C2,N1,U6,PR1,09/05/2025,E4A,,,,\nb,10/05/2025,S,C2,N1,U6,PR1,,,,,,\n"
    )
    return tmp_path


def test_a_wrong_return_is_told_on_one_screen_and_in_json(returns, tmp_path):
    """quality A28: what each file is, ran, skipped and failed, the commonest findings, where the worklist is."""
    done = run(
        returns,
        "--return",
        "903",
        "--year",
        2026,
        "--json",
        tmp_path / "out.json",
        "--out",
        tmp_path / "found",
    )
    assert done.returncode == 1, done.stderr
    assert (
        "rules ran" in done.stdout
        and "Header: 2 rows" in done.stdout
        and "worklist.xlsx" in done.stdout
    )
    told = json.loads((tmp_path / "out.json").read_text())
    (report,) = told["returns"]
    assert report["ran"] + report["skipped"] + report["failed"] == len(report["status"])
    assert ("356", "Episodes", 0) in {(f["rule"], f["table"], f["row"]) for f in report["findings"]}


def test_cells_that_a_spreadsheet_would_run_are_written_as_text(returns, tmp_path):
    run(returns, "--return", "903", "--year", 2026, "--out", tmp_path / "found")
    text = (tmp_path / "found" / "903-2026" / "worklist.csv").read_text()
    assert "=1+1" in text and not re.search(r'(^|,)"?=1', text, re.M)


def test_auto_recognises_the_return_and_says_when_there_is_none(returns, tmp_path):
    assert "2025-26" in run(returns, "--year", 2026).stdout
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.csv").write_text("colour,size\nred,3\n")
    done = run(tmp_path / "other")
    assert done.returncode == 3
    assert "no rule ran" in done.stdout and "notes.csv" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "no such file"),
        (["--year", "2026"], "Missing argument"),
        (["nowhere", "--retrun", "cin"], "No such option"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_code_2(arguments, words):
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr


def test_the_screen_names_the_file_of_each_note_and_says_what_a_stranger_is(tmp_path):
    """quality A28: a census among looked-after files, a UTF-16 file, a title above the heading."""
    (tmp_path / "census.xml").write_text(
        "<Message><Header><CollectionDetails><Collection>CIN</Collection></CollectionDetails></Header>"
        "<Children><Child><ChildIdentifiers><LAchildID>a</LAchildID></ChildIdentifiers></Child></Children></Message>"
    )
    heading = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\na,M,01/05/2015,WBRI,UN1,,\n"
    (tmp_path / "header.csv").write_text("Export of 12/04/2026\n" + heading)
    (tmp_path / "uasc.csv").write_text("CHILD,SEX,DOB,DUC\na,M,01/05/2015,01/05/2030\n", "utf-16")
    asked = checking.Asked(return_name="903", year=2026)
    said = checking.screen(checking.check_files([tmp_path], asked))
    assert "census.xml: not recognised" in said
    assert "another return than was asked for: Children in Need census" in said.replace("\n", " ")
    assert "header.csv: 1 row stands above the heading row and was not read as data." in said
    assert "uasc.csv: ssda903 delimited text UASC: 1 row, written in UTF-16" in said


def test_the_report_alone_says_what_was_not_read(tmp_path):
    """quality A28, section 5: whoever opens only the report must not take the rest for the whole."""
    whole = (
        "<Message><Header><CollectionDetails><Year>2026</Year><ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails></Header>"
        "<Children><Child><ChildIdentifiers><LAchildID>a</LAchildID></ChildIdentifiers></Child>"
        "<Child><ChildIdentifiers><LAchildID>b</LAchild"
    )
    (tmp_path / "cin.xml").write_text(whole)
    (tmp_path / "budget.csv").write_text("Cost centre,Budget,Spend\nA100,1000,900\n")
    done = checking.check_files([tmp_path], checking.Asked(year=2026))
    checking.write(done, tmp_path / "out", None, ("html",))
    page = (tmp_path / "out" / "cin-2026" / "report.html").read_text()
    assert "1 broken place; 1 record was read." in page
    assert "Not recognised and not read: budget.csv" in page
    screen = checking.screen(done)
    assert "None of the headings is one that a known return or source has" in screen
    assert "Cost centre, Budget, Spend" in screen and "leave it out" in screen


CENSUS = (
    "<Message><Header><CollectionDetails><Collection>CIN</Collection><Year>2026</Year>"
    "<ReferenceDate>2026-03-31</ReferenceDate></CollectionDetails><Source><LEA>{lea}</LEA></Source></Header>"
    "<Children><Child><ChildIdentifiers><LAchildID>a</LAchildID></ChildIdentifiers></Child></Children></Message>"
)
ONE_EPISODE = (
    "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN\n"
    "{child},01/05/2025,S,C2,N1,U4,PR1,02/06/2025,X1,MOVED,NR1 1AA,NR1 1AR,SC1\n"
)


def two_returns(folder, lea="926"):
    """A census and looked-after files of this year and last, both with a code that is on no list."""
    for name, child in (("now", "a"), ("then", "b")):
        (folder / name).mkdir()
        (folder / name / "episodes.csv").write_text(ONE_EPISODE.format(child=child))
    (folder / "now" / "census.xml").write_text(CENSUS.format(lea=lea))
    (folder / "reference").mkdir()
    (folder / "reference" / "postcodes.csv").write_text(
        "postcode,easting,northing,laua\nNR1 1AA,624073,308352,E10000020\nNR1 1AR,623387,308603,E10000020\n"
    )
    return checking.check_files(
        [folder / "now"],
        checking.Asked(year=2026, previous=folder / "then", reference=folder / "reference"),
    )


def test_two_returns_with_last_years_files_are_told_file_by_file_and_once(tmp_path):
    """quality A28: files of one name in two years, a value on no list, and two sources in one screen."""
    said = checking.screen(two_returns(tmp_path))
    assert said.count("episodes.csv: ssda903 delimited text Episodes: 1 row\n") == 1
    assert "  Last year: 1 file, 1 row\n" in said
    assert said.count("are not in the list") + said.count("is not in the list") == 1
    assert "has “MOVED”" in said


@pytest.mark.parametrize(("lea", "known"), [("926", True), ("999", False)])
def test_the_authority_of_the_census_serves_the_looked_after_return_too(tmp_path, lea, known):
    """A number that stands for no authority serves nobody: with it every placement would lie elsewhere."""
    reports = {r.return_name: r for r in two_returns(tmp_path, lea).reports}
    assert ("PL_LOCATION" in reports["903"].tables["Episodes"].columns) == known


def test_the_worklist_names_file_and_line_and_prints_on_one_page_across(tmp_path):
    """A data officer looks for a file and its line, not for f1 and a byte; dates are dates, headings are words."""
    from python_calamine import CalamineWorkbook

    (tmp_path / "in").mkdir()
    done = two_returns(tmp_path / "in")
    checking.write(done, tmp_path / "out", None, ("xlsx", "csv"))
    told = (tmp_path / "out" / "903-2026" / "worklist.csv").read_text("utf-8-sig")
    assert (
        "Episodes row 1, REASON_PLACE_CHANGE, episodes.csv line 2" in told and ", f1," not in told
    )
    told = (tmp_path / "out" / "cin-2026" / "worklist.csv").read_text("utf-8-sig")
    assert ", census.xml" in told and "census.xml line" not in told
    book = tmp_path / "out" / "903-2026" / "worklist.xlsx"
    sheet = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(1).to_python()
    assert sheet[0][4:8] == ["What is wrong", "Where", "Value now", "How to mend it"]
    assert {row[10] for row in sheet[1:]} == {date.today()}
    with zipfile.ZipFile(book) as parts:
        page = parts.read("xl/worksheets/sheet2.xml").decode()
    assert 'orientation="landscape"' in page and 'fitToHeight="0"' in page


def test_the_whole_return_as_xml_beside_its_tables_is_told_in_one_sentence(tmp_path):
    """quality A28: ten tables twice are one mistake, and one thing to do."""
    (tmp_path / "all.xml").write_text(
        "<EXPSSDA903><CHILD><HEADER><CHILDID>x</CHILDID><SEX>M</SEX><DOB>01/05/2015</DOB><ETHNIC>WBRI</ETHNIC>"
        "<UPN>UN1</UPN><AREVIEW><REVIEW>01/06/2025</REVIEW><REVIEW_CODE>PN1</REVIEW_CODE></AREVIEW></HEADER>"
        "<EPISODE><DECOM>01/05/2025</DECOM><RNE>S</RNE><LS>C2</LS><CIN>N1</CIN><PL>U4</PL></EPISODE></CHILD></EXPSSDA903>"
    )
    (tmp_path / "episodes.csv").write_text(ONE_EPISODE.format(child="a"))
    (tmp_path / "header.csv").write_text(
        "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\na,M,01/05/2015,WBRI,UN1,,\n"
    )
    (tmp_path / "reviews.csv").write_text(
        "CHILD,DOB,REVIEW,REVIEW_CODE\na,01/05/2015,01/06/2025,PN1\n"
    )
    done = checking.check_files([tmp_path], checking.Asked(return_name="903", year=2026))
    checking.write(done, tmp_path / "out", None, ("html",))
    page = (tmp_path / "out" / "903-2026" / "report.html").read_text()
    for said in (checking.screen(done), page):
        assert "all.xml holds 3 tables that other files hold too" in said
        assert "--not all.xml" in said and "--not header.csv" not in said
        assert said.count("none of them was read") == 1


def test_a_wrong_value_in_xml_is_told_by_the_element_that_holds_it(tmp_path):
    """quality A28: no editor shows the byte at which an element begins."""
    child = (
        "<Child><ChildIdentifiers><LAchildID>{}</LAchildID><Sex>{}</Sex></ChildIdentifiers></Child>"
    )
    (tmp_path / "cin.xml").write_text(
        "<Message><Header><CollectionDetails><Year>2026</Year><ReferenceDate>2026-03-31</ReferenceDate>"
        f"</CollectionDetails></Header><Children>{child.format('a', 'F')}{child.format('b', 'X')}</Children></Message>"
    )
    said = run(tmp_path / "cin.xml", "--return", "cin").stdout
    assert (
        "1 value in Sex is not in the list" in said
        and "The first is in ChildIdentifiers number 2." in said
    )


def test_one_wrong_date_is_told_in_the_singular(tmp_path):
    (tmp_path / "episodes.csv").write_text(EPISODES + "a,soon,S,C2,N1,U6,PR1,,,,,,\n")
    said = run(tmp_path / "episodes.csv", "--return", "903", "--year", 2026).stdout
    assert "1 value in DECOM is not a date; kept as text." in said


def test_years_the_wrong_way_round_are_told_without_three_hundred_reasons(tmp_path):
    """quality 1.2, A28: nothing was checked, for one reason, which stands alone."""
    for name, day in (("now", "01/05/2023"), ("then", "01/05/2025")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "episodes.csv").write_text(EPISODES + f"a,{day},S,C2,N1,U6,PR1,,,,,,\n")
    said = run(tmp_path / "now", "--return", "903", "--previous", tmp_path / "then").stdout
    assert "newer than this year's; nothing was checked" in said and "Swap the two" in said
    assert "No rule ran, so nothing was tested." in said and "needs table" not in said


def test_a_row_set_aside_is_told_by_line_and_reason_once_for_all_like_it(tmp_path):
    """quality A28: on the screen and in the report, which would else only count what was rejected."""
    (tmp_path / "header.csv").write_text(
        "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\nA,M,01/05/2015,WBRI,UN1,,\nB,F\nC,M\n"
    )
    done = checking.check_files([tmp_path], checking.Asked(return_name="903", year=2026))
    checking.write(done, tmp_path / "out", None, ("html",))
    page = (tmp_path / "out" / "903-2026" / "report.html").read_text()
    assert done.reading.rejects.height == 2
    for said in (checking.screen(done), page):
        assert "header.csv, line 3: The row has 2 cells; the heading has 7. 1 more like it." in said
        assert said.count("Such rows are kept with the rejects.") == 1
