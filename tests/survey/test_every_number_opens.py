"""Every number of a report opens what stands behind it (survey A23)."""

import re
from datetime import date
from html import unescape

import pytest
from tests.survey.made_up import GRANT
from tests.survey.test_from_close_to_report import answered

from threecircles.cli.survey_run import write_reports
from threecircles.survey.closing import close
from threecircles.survey.study import versions

LINK = re.compile(r'<a class="govuk-link tc-number" href="([^"#]+)#(N\w+)">([^<]*)</a>')
ROW = re.compile(r'<tr id="(N\w+)">(.*?)</tr>', re.S)
CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.S)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("opens")
    study, _, _ = answered(
        folder, schools=3, on_roll=40, languages="en", questionnaires="pupils_9_11"
    )
    close(folder, study, GRANT, date(2026, 12, 1))
    done = write_reports(folder, study, folder / "out", date(2026, 12, 2), tell=lambda _: None)
    return study, folder, done


def opened(folder):
    """Links of every page of a report with the cells of the row that each one opens."""
    rows = {}
    for path in folder.glob("lineage/*.html"):
        for name, inside in ROW.findall(path.read_text(encoding="utf-8")):
            rows[f"lineage/{path.name}", name] = [
                unescape(re.sub(r"<[^>]+>", "", c)).strip() for c in CELL.findall(inside)
            ]
    told = []
    for path in folder.glob("*.html"):
        for page, name, text in LINK.findall(path.read_text(encoding="utf-8")):
            told.append((path.name, unescape(text), rows.get((page, name))))
    return told


def test_every_figure_opens_its_base_weighted_base_interval_and_design_effect(reports):
    "A23: scores and the single shares of every answer, in the school's and in the borough's report."
    study, folder, done = reports
    for place, least in ((done.schools["100001"], 250), (done.borough, 250)):
        links = opened(place)
        assert len(links) >= least, len(links)
        assert [x for x in links if x[2] is None] == []
        shares = [
            x
            for x in links
            if x[0] not in ("who.html", "index.html", "beside.html", "schools.html")
        ]
        assert len(shares) >= 200
        for page, text, (what, group, value, interval, n, stand_for, effect) in shares:
            assert value.rstrip("%") == text.rstrip("%") or text in value, (page, text, value)
            assert (
                what and group and re.fullmatch(r"[\d,]+", n) and re.fullmatch(r"[\d,]+", stand_for)
            )
            if re.search("[1-9]", value):
                assert re.search(r"\d.* to .*\d", interval), (page, what, interval)
                assert re.fullmatch(r"\d+\.\d\d", effect), (page, what, effect)
        for path in place.glob("lineage/*.html"):
            page = path.read_text(encoding="utf-8")
            assert all(v in page for v in versions(study, folder)) and "Made by step" in page


def test_no_share_or_score_of_a_report_stands_outside_such_a_link(reports):
    "A23: of the columns that hold a figure, none is bare."
    _, _, done = reports
    for place in (done.schools["100001"], done.borough):
        for path in place.glob("*.html"):
            for table in re.findall(r"<table>.*?</table>", path.read_text(encoding="utf-8"), re.S):
                heads = [
                    re.sub(r"<[^>]+>", "", h)
                    for h in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", table)
                ]
                kept = [
                    k
                    for k, h in enumerate(heads)
                    if h in ("Score", "Never", "Often", "Always", "Did not answer")
                ]
                for row in re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.S):
                    cells = CELL.findall(row)
                    bare = [
                        cells[k]
                        for k in kept
                        if "tc-number" not in cells[k] and re.search(r"\d", cells[k])
                    ]
                    assert bare == [], (path.name, bare)
