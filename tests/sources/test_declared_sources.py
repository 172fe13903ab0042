"""A source is a file of YAML: it is checked, read, and gives a form to hand out (quality 1.7, A8, A31-A33)."""

from __future__ import annotations

import datetime as dt
import re

import polars as pl
import pytest

from threecircles.core.errors import DefinitionError
from threecircles.sources import all_sources, code_list, codes_on, read, source
from threecircles.sources.check_declaration import check_declaration
from threecircles.sources.crosswalk import crosswalk, shared
from threecircles.sources.template import guidance, write_template

from .samples import conserved, write

SOURCES = all_sources()
NINE = ("cin-census", "ssda903", "school-census", "early-help", "youth-justice", "survey-pupils", "survey-holder",
        "s251-outturn", "centre-register")  # fmt: skip

LETTERS_A_LINE, LINES_A_PAGE = 95, 45
"""What fits a printed page."""

CLUB = """
id: chess-club
label: Chess club register
source: made in a test
publisher: a club
period: a term
grain: child
collected_from: a notebook
date_form: day-first
letter_case: trim
tables:
  - name: chess
    rows: one per child
    key: [membership]
    discriminating: [rating]
    columns:
      - {name: membership, label: Membership number, required: true, personal: direct}
      - {name: joined, label: Joined on, type: date, required: true}
      - {name: rating, label: Rating, type: int, min: 0, max: 3000, required: true}
      - {name: sex, label: Sex, type: code, codes: sex}
"""


def test_the_nine_sources_of_a_place_are_declared_with_who_they_are_about():
    declared = {s.id: s for s in SOURCES}
    assert set(NINE) <= set(declared)
    for source_id in (
        "cin-census",
        "ssda903",
        "school-census",
        "early-help",
        "youth-justice",
        "survey-holder",
    ):
        assert declared[source_id].link, source_id


@pytest.mark.parametrize("declared", SOURCES, ids=lambda s: s.id)
def test_every_declaration_holds_together(declared):
    for table in declared.tables:
        names = [c.name for c in table.columns]
        assert len(names) == len(set(names)), table.name
        assert table.rows, table.name
        for column in table.columns:
            assert column.label, f"{table.name}.{column.name} has no plain label"
            assert not column.codes or code_list(column.codes)
    for link in declared.link:
        for name in (*link.record_id, link.first_name, link.surname, link.date_of_birth, link.sex, link.postcode,
                     link.ethnicity, link.expected_birth, link.death, *link.identifiers.values()):  # fmt: skip
            if name:
                table, _, column = name.rpartition(".")
                assert declared.table(table or link.table).column(column)


@pytest.mark.parametrize("declared", SOURCES, ids=lambda s: s.id)
def test_every_source_has_a_form_that_reads_back(declared, tmp_path):
    """A31 (quality): the template reads back, with no column left over."""
    paths = write_template(declared, tmp_path, "csv")
    reading = read([p for p in paths if p.suffix == ".csv"], sources=[declared])
    assert not reading.refused, [p.sentence() for p in reading.refused]
    assert reading.files["columns_extra"].list.len().sum() == 0


def test_the_workbook_form_reads_back_and_offers_the_allowed_words(tmp_path):
    import openpyxl

    (path,) = write_template(source("youth-justice"), tmp_path)
    reading = read(path, return_name="youth-justice")
    assert set(reading.tables) == {"youth_justice"} and not reading.refused
    sheet = openpyxl.load_workbook(path)["youth_justice"]
    assert sheet.data_validations.count >= 3


def test_a_date_that_a_code_may_be_used_decides_the_list():
    assert {c.code for c in codes_on("sex-903", dt.date(2023, 3, 31))} == {"1", "2"}
    assert {c.code for c in codes_on("sex-903", dt.date(2026, 3, 31))} == {"M", "F", "U"}
    assert "K3" not in {c.code for c in codes_on("placement", dt.date(2024, 3, 31))}


def test_a_new_source_by_yaml_alone_is_read_and_checked(tmp_path):
    """A8 (quality)."""
    declaration = write(tmp_path, "chess.yaml", CLUB)
    sample = write(
        tmp_path, "x.csv", "Membership number;Joined on;RATING;Sex\n007;1/9/2025;1200;female\n"
    )
    checked = check_declaration(declaration, [sample])
    assert checked.good and checked.reading.tables["chess"]["membership"].to_list() == ["007"]
    assert checked.reading.tables["chess"].select("joined", "rating__int", "sex").rows() == [
        ("01/09/2025", 1200, "F")
    ]
    assert any("columns matched: membership" in line for line in checked.lines)
    assert write_template(checked.source, tmp_path / "form")[0].exists()


def test_a_declaration_with_a_fault_names_the_line(tmp_path):
    with pytest.raises(DefinitionError, match=r"chess\.yaml line 15"):
        check_declaration(
            write(
                tmp_path,
                "chess.yaml",
                CLUB.replace("discriminating: [rating]", "discriminatin: [x]"),
            ),
            [],
        )
    with pytest.raises(DefinitionError, match="no list of codes"):
        check_declaration(
            write(tmp_path, "chess.yaml", CLUB.replace("codes: sex", "codes: sexes")), []
        )


def test_the_crosswalk_shows_who_shares_a_list():
    table = crosswalk()
    users = set(table.filter(codes="ethnicity")["source"])
    assert {"cin-census", "ssda903", "early-help", "youth-justice"} <= users
    assert "ethnicity" in shared()["codes"].to_list()


def test_extended_ethnicity_codes_all_lead_to_a_main_code():
    from threecircles.definitions import read_csv

    main = {c.code for c in code_list("ethnicity")}
    assert {r["main"] for r in read_csv("codes/ethnicity-extended")} == main


# Attendance (quality 1.9)


def test_the_form_of_level_one_has_at_most_eight_columns_and_a_page_of_advice():
    """A33 (quality)."""
    standard = source("attendance-at-provision")
    sheet = standard.table("headcount_sheet")
    assert len(sheet.sent) <= 8 and not any(c.personal != "none" for c in sheet.columns)
    page = guidance(standard, [sheet])
    assert sum(1 + len(line) // LETTERS_A_LINE for line in page) <= LINES_A_PAGE
    example = page[page.index("Filled in, it looks like this:") + 1 :][:4]
    assert example[0].split("   ")[0] == "Venue" and all(
        len(row) <= LETTERS_A_LINE for row in example
    )


def test_the_filled_example_of_each_form_is_one_that_reads(tmp_path):
    """A33 (quality): an example that its own reader would note on would teach the wrong thing."""
    for table in source("attendance-at-provision").tables:
        rows = [[c.strip() for c in row.split("|")] for row in table.example.strip().splitlines()]
        text = "\n".join(",".join(row) for row in rows) + "\n"
        reading = read(
            write(tmp_path, f"{table.name}.csv", text), return_name="attendance-at-provision"
        )
        assert reading.tables[table.name].height == len(rows) - 1, table.name
        assert not reading.refused and reading.rejects.is_empty() and reading.notes.is_empty()


def test_the_page_of_advice_is_for_a_reader_of_twelve():
    """A33 (quality): reading age by the grade of Flesch and Kincaid, whole page and each table's advice."""
    standard = source("attendance-at-provision")
    for tables in ([standard.table("headcount_sheet")], *([t] for t in standard.tables)):
        prose = [line for line in guidance(standard, tables) if "   " not in line]
        assert reading_age(prose) <= 12, (tables[0].name, reading_age(prose))
    assert (
        reading_age(["Organisational prerequisites necessitate comprehensive documentation."]) > 12
    )


def reading_age(lines):
    """Years: 5 and the school grade 0.39 x words a sentence + 11.8 x syllables a word - 15.59."""
    # A list of words to choose from is read one by one, not as a sentence.
    text = ". ".join(re.sub(r"^- ", "", line) for line in lines if line).replace("_", " ")
    sentences = [s for s in re.split(r"[.;:?!]+(?:\s|$)", text) if re.search("[A-Za-z]", s)]
    words = [w for s in sentences for w in re.findall(r"[A-Za-z']+", s)]
    syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", w.lower())))) for w in words
    )
    return 5 + 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59


def test_a_flat_sheet_becomes_sessions_and_attendances(tmp_path):
    """A32 (quality)."""
    text = (
        "Our club, November\n"
        "Venue,Date,Activity,Age group,How many,How counted\n"
        "V1,03/11/2025,sport,10-12,8,counted\nV1,03/11/2025,sport,13-16,5,counted\nV1,10/11/2025,sport,10-12,9,register\n"
    )
    reading = read(write(tmp_path, "club.csv", text), return_name="attendance-at-provision")
    assert reading.tables["session"].height == 2 and reading.tables["attendance"].height == 3
    assert reading.tables["attendance"]["n__int"].to_list() == [8, 5, 9]
    assert conserved(reading)


def test_counting_by_devices_is_refused_with_a_sentence(tmp_path):
    """A32 (quality)."""
    text = "venue,date,activity,age_band,n,basis\nV1,03/11/2025,sport,10-12,8,device\nV1,04/11/2025,sport,10-12,8,counted\n"
    reading = read(write(tmp_path, "club.csv", text), return_name="attendance-at-provision")
    assert reading.tables["headcount_sheet"].height == 1
    (reject,) = reading.rejects.to_dicts()
    assert reject["reason_code"] == "value-refused" and "not an allowed basis" in reject["reason"]
    assert conserved(reading)


def test_a_volunteers_two_digit_years_get_a_plain_note_and_lose_no_row(tmp_path):
    """A33 (quality): a merged title row, dd/mm/yy, words of one's own, a blank line and a total."""
    import xlsxwriter

    path = tmp_path / "November numbers.xlsx"
    rows = [
        ["St Mary's hall", "03/11/25", "sport", "10-12", 8, "counted"],
        ["St Mary's hall", "03/11/25", "Sport", "13 to 16", "about 12", "guess"],
        ["St Mary's hall", "10/11/25", "craft", "10-12", 9, "register"],
        [], ["Total", None, None, None, 29],
    ]  # fmt: skip
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Nov")
        sheet.merge_range(0, 0, 0, 5, "St Mary's Youth Club: numbers for November")
        sheet.write_row(2, 0, ["Venue", "Date", "Activity", "Age group", "How many", "How counted"])
        for number, row in enumerate(rows, 3):
            sheet.write_row(number, 0, row)
    reading = read(path)
    assert reading.source == "attendance-at-provision" and not reading.refused
    table = reading.tables["headcount_sheet"]
    assert table.height == 4 and reading.rejects.is_empty() and conserved(reading)
    assert table["date"].to_list()[:3] == ["03/11/25", "03/11/25", "10/11/25"]
    assert (
        table["n"].to_list() == ["8", "about 12", "9", "29"]
        and table["n__int"].to_list()[1] is None
    )
    told = "\n".join(reading.notes["sentence"])
    for words in (
        "year of two digits",
        "Send dd/mm/yyyy",
        "not a whole number",
        "not in the list of allowed codes",
    ):
        assert words in told
    assert reading_age(reading.notes["sentence"].to_list()) <= 14


# Samples of the sources (quality A8)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["Annex_A_sample.xlsx", "Annex_A_2024_Jan.xlsx"])
def test_all_eleven_lists_of_annex_a_are_recognised(reference_data, name):
    """A8 (quality)."""
    reading = read(reference_data(f"returns/annex_a/{name}"))
    assert len(reading.tables) == 11 and not reading.refused
    assert all(5 <= table.height <= 7 for table in reading.tables.values())
    assert reading.files["columns_extra"].list.len().sum() == 0
    assert set(reading.tables["contacts"]["ethnicity"]) <= {c.code for c in code_list("ethnicity")}


@pytest.mark.reference
def test_both_lists_of_special_needs_are_recognised(reference_data):
    """A8 (quality)."""
    reading = read(reference_data("returns/annex_a_sen/fake_sen.xlsx"))
    assert {k: v.height for k, v in reading.tables.items()} == {"ehc_plans": 2, "sen_support": 2}


@pytest.mark.reference
def test_thirty_workers_are_read_from_the_workforce_xml(reference_data):
    """A8 (quality)."""
    reading = read(reference_data("returns/sww/social_work_workforce_2022.xml"))
    assert reading.tables["CSWWWorker"].height == 30 and reading.extra.is_empty()
    assert reading.tables["LALevelVacancies"]["NumberOfVacancies__number"].to_list() == [79.68]


@pytest.mark.reference
def test_the_two_services_of_family_context_are_read(reference_data):
    """A8 (quality): addresses span several lines."""
    reading = read(reference_data("returns/family_context"))
    assert {k: v.height for k, v in reading.tables.items()} == {
        "social_care": 500,
        "education": 500,
    }
    assert reading.rejects.is_empty() and conserved(reading)


@pytest.mark.reference
def test_the_school_census_gives_its_counts_and_keeps_strange_pupil_numbers(
    reference_data, tmp_path
):
    """A8 (quality)."""
    for path in reference_data("returns/school_census").glob("*.parquet"):
        pl.read_parquet(path).write_csv(tmp_path / f"{path.stem}.csv")
    reading = read(tmp_path)
    assert {k: v.height for k, v in reading.tables.items()} == {
        "pupilonroll": 9498, "senneeds": 16_954, "termlysessiondetailsonroll": 41_251, "termlyexclusionsonroll": 10_064,
        "fsmperiod": 25_889, "pupilnolongeronroll": 375,
    }  # fmt: skip
    pupils = reading.tables["pupilonroll"]
    assert pupils["upn"].null_count() == 0 and pupils["ethnicity"].null_count() == 462
    assert pupils["dob__date"].null_count() == 0
    assert set(pupils["ethnicity"].drop_nulls()) <= {
        c.code for c in code_list("ethnicity-extended")
    }
