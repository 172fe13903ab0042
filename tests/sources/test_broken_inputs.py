"""Spine S7: whatever is wrong with a file, there is a sentence with file, place and mending, and no lost row."""

import codecs
import datetime as dt
import zipfile

import pytest

from threecircles.core.errors import UsageError
from threecircles.sources import Options, read
from threecircles.sources.reading import limits

from .samples import (
    EPISODES,
    HEADER,
    REVIEWS,
    child,
    cin_xml,
    conserved,
    packed,
    plain,
    workbook,
    write,
)


def told(reading, code):
    """The one problem of that code; it must name a place and how to mend it."""
    (problem,) = [p for p in reading.refused if p.code == code]
    assert problem.where and problem.what and problem.mend
    assert conserved(reading)
    return problem


def rejected(reading, code):
    """The one reject of that code; it keeps the raw text and says how to mend it."""
    (row,) = reading.rejects.filter(reason_code=code).to_dicts()
    assert row["raw"] and row["reason"] and row["mend"]
    assert conserved(reading)
    return row


def noted(reading, code):
    assert code in reading.notes["code"].to_list()
    assert conserved(reading)
    return reading.notes.filter(code=code).to_dicts()[0]


def test_xml_cut_in_the_middle_of_a_child_keeps_the_children_before_it(tmp_path):
    text = cin_xml(*(child(i) for i in range(1, 6)))
    cut = text.index("<LAchildID>C4") + 30
    reading = read(write(tmp_path, "cin.xml", text[:cut]))
    assert reading.tables["ChildIdentifiers"]["LAchildID"].to_list() == ["C1", "C2", "C3"]
    assert rejected(reading, "cut-short")["raw"].startswith("<Child>")
    assert "nearest child C4" in told(reading, "xml-broken").where


def test_an_ampersand_in_one_child_costs_that_child_alone(tmp_path):
    bad = child(3).replace("WBRI", "W&BRI")
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), child(2), bad, child(4))))
    assert reading.tables["ChildIdentifiers"]["LAchildID"].to_list() == ["C1", "C2", "C4"]
    assert "W&BRI" in rejected(reading, "broken-element")["raw"]
    assert "line 6" in told(reading, "xml-broken").where


def test_a_child_that_is_not_closed_costs_that_child_alone(tmp_path):
    bad = child(2).replace("</Child>", "")
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), bad, child(3))))
    assert reading.tables["ChildIdentifiers"]["LAchildID"].to_list() == ["C1", "C3"]
    rejected(reading, "not-closed")


def test_a_mismatched_tag_costs_one_child(tmp_path):
    bad = child(2).replace("</ChildCharacteristics>", "</Characteristics>")
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), bad, child(3))))
    assert reading.tables["ChildIdentifiers"].height == 2
    rejected(reading, "broken-element")


def test_a_broken_header_keeps_all_children(tmp_path):
    text = cin_xml(child(1), child(2)).replace("<LEA>999</LEA>", "<LEA>9&99</LEA>")
    reading = read(write(tmp_path, "cin.xml", text))
    assert reading.tables["ChildIdentifiers"].height == 2
    assert told(reading, "xml-broken")


def test_an_entity_bomb_is_refused(tmp_path):
    bomb = '<?xml version="1.0"?><!DOCTYPE Message [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(8)
    )
    reading = read(
        write(
            tmp_path,
            "cin.xml",
            bomb + "]><Message><Children><Child>&i;</Child></Children></Message>",
        )
    )
    assert not reading.tables
    assert "document type" in told(reading, "xml-refused").what


def test_an_external_entity_is_refused_and_never_opened(tmp_path):
    secret = write(tmp_path, "secret.txt", "SECRET")
    text = f'<!DOCTYPE Message [<!ENTITY x SYSTEM "file://{secret}">]>' + cin_xml(
        child(1), head=""
    ).replace("C1", "&x;")
    reading = read(write(tmp_path, "cin.xml", text))
    assert not reading.tables and "SECRET" not in str(reading)


def test_elements_nested_too_deep_cost_one_child(tmp_path):
    deep = child(2, "<a>" * 60 + "</a>" * 60)
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), deep, child(3))))
    assert reading.tables["ChildIdentifiers"].height == 2
    rejected(reading, "too-deep")


def test_a_text_without_end_costs_one_child(tmp_path):
    long = child(2).replace("WBRI", "W" * 200_000)
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), long, child(3))))
    assert reading.tables["ChildIdentifiers"].height == 2
    rejected(reading, "text-too-long")


def test_a_child_of_five_megabytes_costs_one_child(tmp_path):
    big = child(
        2, "<Section47><S47ActualStartDate>2025-06-06</S47ActualStartDate></Section47>" * 70_000
    )
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1), big, child(3))))
    assert reading.tables["ChildIdentifiers"].height == 2
    rejected(reading, "record-too-long")


def test_xml_in_utf_16_is_read(tmp_path):
    text = cin_xml(child(1), head='<?xml version="1.0" encoding="UTF-16"?>\n')
    reading = read(write(tmp_path, "cin.xml", text.encode("utf-16")))
    assert reading.tables["ChildIdentifiers"].height == 1 and not reading.refused


def test_xml_with_the_wrong_encoding_label_is_read_with_a_note(tmp_path):
    text = cin_xml(child(1).replace("C1", "Zoë"))
    reading = read(write(tmp_path, "cin.xml", text.encode("cp1252")))
    assert reading.tables["ChildIdentifiers"]["LAchildID"].to_list() == ["Zoë"]
    assert "windows-1252" in noted(reading, "encoding-label")["sentence"]


def test_unknown_elements_are_kept_with_their_path(tmp_path):
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1, "<Extra><A>x</A></Extra>"))))
    assert reading.extra.select("column", "value").rows() == [
        ("Message/Children/Child/CINdetails/Extra/A", "x")
    ]


def test_unknown_elements_outside_the_children_are_kept_too(tmp_path):
    text = cin_xml(child(1)).replace("<LEA>", "<Contact>x</Contact><LEA>")
    reading = read(write(tmp_path, "cin.xml", text))
    assert reading.extra["column"].to_list() == ["Message/Header/Source/Contact"]


def test_stray_text_between_elements_is_a_note(tmp_path):
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1).replace("<Sex>", "stray<Sex>"))))
    assert reading.tables["ChildIdentifiers"]["Sex"].to_list() == ["F"]
    noted(reading, "stray-text")


def test_xml_without_children_is_said_to_be_empty(tmp_path):
    assert told(read(write(tmp_path, "cin.xml", cin_xml())), "file-empty")


def test_xml_of_another_kind_is_not_recognised(tmp_path):
    problem = told(
        read(write(tmp_path, "x.xml", "<html><body>no</body></html>")), "file-not-recognised"
    )
    assert "html" in problem.found


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \n", b"\xff\xfe"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, content):
    assert told(read(write(tmp_path, "header.csv", content)), "file-empty")


def test_a_picture_is_not_text(tmp_path):
    png = bytes(range(256)) * 40
    assert told(read(write(tmp_path, "header.csv", b"\x89PNG\r\n\x1a\n" + png)), "not-text")


def test_a_file_of_strange_columns_names_the_nearest_table_and_what_it_needs(tmp_path):
    problem = told(
        read(write(tmp_path, "a.csv", "CHILD,DOB,COLOUR\n1,2,3\n")), "file-not-recognised"
    )
    assert "Give the columns" in problem.mend


def test_shuffled_lower_case_headings_give_the_same_table(tmp_path):
    rows = [line.split(",") for line in EPISODES.strip().split("\n")]
    order = [12, 3, 0, 7, 1, 2, 4, 5, 6, 8, 9, 10, 11]
    shuffled = "\n".join(
        ",".join((r[i].lower() if n == 0 else r[i]) for i in order) for n, r in enumerate(rows)
    )
    straight = read(write(tmp_path, "a.csv", EPISODES)).tables["Episodes"]
    assert plain(read(write(tmp_path, "b.csv", shuffled)).tables["Episodes"]) == plain(straight)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-32"]
)
def test_any_encoding_gives_the_same_table(tmp_path, encoding):
    text = HEADER.replace("C2", "CÉ")
    straight = read(write(tmp_path, "a.csv", text)).tables["Header"]
    assert plain(read(write(tmp_path, "b.csv", text.encode(encoding))).tables["Header"]) == plain(
        straight
    )


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_any_delimiter_gives_the_same_table(tmp_path, delimiter):
    straight = read(write(tmp_path, "a.csv", REVIEWS)).tables["Reviews"]
    other = read(write(tmp_path, "b.txt", REVIEWS.replace(",", delimiter))).tables["Reviews"]
    assert plain(other) == plain(straight)


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_any_line_ending_gives_the_same_table(tmp_path, ending):
    reading = read(write(tmp_path, "a.csv", REVIEWS.replace("\n", ending)))
    assert reading.tables["Reviews"].height == 2 and conserved(reading)


def test_a_ragged_row_is_rejected_and_the_others_are_kept(tmp_path):
    reading = read(
        write(
            tmp_path, "reviews.csv", REVIEWS + "C9,02/03/2010\n" + "C3,02/03/2010,01/07/2025,PN1\n"
        )
    )
    assert reading.tables["Reviews"]["CHILD"].to_list() == ["C1", "C1", "C3"]
    assert rejected(reading, "ragged-row")["at"] == 4


def test_a_quotation_mark_left_open_costs_one_line(tmp_path):
    text = REVIEWS + 'C3,02/03/2010,01/07/2025,"PN1\n' + "C4,02/03/2010,01/07/2025,PN1\n" * 60
    reading = read(write(tmp_path, "reviews.csv", text))
    assert reading.tables["Reviews"].height == 62
    assert rejected(reading, "broken-quoting")["at"] == 4


def test_a_quoted_cell_may_span_lines(tmp_path):
    reading = read(
        write(tmp_path, "a.csv", 'CHILD,DOB,REVIEW,REVIEW_CODE\n"C\n1",02/03/2010,01/06/2025,PN1\n')
    )
    assert reading.tables["Reviews"]["CHILD"].to_list() == ["C\n1"]


def test_a_byte_without_meaning_rejects_its_row(tmp_path):
    content = REVIEWS.encode() + b"C\x81\xe9,02/03/2010,01/07/2025,PN1\n"
    reading = read(write(tmp_path, "reviews.csv", content))
    assert reading.tables["Reviews"].height == 2
    assert "\\x81" in rejected(reading, "undecodable")["raw"]


def test_a_byte_without_meaning_in_a_heading_costs_that_column(tmp_path):
    """quality A29, found by chance: such a heading stopped the whole reading."""
    content = REVIEWS.encode().replace(b"REVIEW_CODE", b"REVIEW\x81CODE")
    reading = read(write(tmp_path, "reviews.csv", content))
    assert reading.files["columns_extra"].to_list() == [["REVIEW\\x81CODE"]]
    assert set(reading.extra["column"]) == {"REVIEW\\x81CODE"} and reading.extra.height == 2
    damaged = b"CHLD,DXB,SDQ\x8dSCORE,SDQ_REASON,CONVICTED,IMMUNISATIONS\n1,2,3,4,5,6\n"
    strange = read(write(tmp_path, "strange.csv", damaged))
    assert "SDQ\\x8dSCORE: did you mean SDQ_SCORE?" in told(strange, "file-not-recognised").mend


def test_a_headcount_sheet_without_a_date_keeps_its_rows_and_says_so(tmp_path):
    """quality A29, found by chance: a damaged heading stopped the whole reading."""
    lines = "venue,{},activity,age_band,n,basis\nV1,01/04/2025,sport,8-9,1,counted\n"
    whole = read(write(tmp_path, "whole.csv", lines.format("date")))
    assert whole.tables["session"].height == whole.tables["attendance"].height == 1
    reading = read(write(tmp_path, "damaged.csv", lines.format("dat^")))
    assert reading.tables["headcount_sheet"].height == 1 and "session" not in reading.tables
    assert "no column date" in noted(reading, "sessions-not-told")["sentence"]


def test_a_cell_of_ten_megabytes_costs_one_row(tmp_path):
    reading = read(
        write(tmp_path, "reviews.csv", REVIEWS + 'C3,02/03/2010,"' + "x" * 10_000_000 + '",PN1\n')
    )
    assert reading.tables["Reviews"].height == 2
    rejected(reading, "broken-quoting")


def test_a_thousand_columns_too_many_are_refused(tmp_path):
    text = REVIEWS.split("\n")[0] + "," + ",".join(f"x{i}" for i in range(5000)) + "\n"
    assert told(read(write(tmp_path, "reviews.csv", text)), "over-limit")


def test_blank_lines_count_apart(tmp_path):
    reading = read(write(tmp_path, "reviews.csv", REVIEWS + "\n,,,\n"))
    assert reading.files["rows_blank"].to_list() == [2] and reading.files["rows_in"].to_list() == [
        2
    ]


def test_rows_above_the_heading_are_told(tmp_path):
    reading = read(write(tmp_path, "reviews.csv", "Report of reviews\nmade on Monday\n" + REVIEWS))
    assert reading.tables["Reviews"].height == 2
    assert noted(reading, "rows-above-heading")["count"] == 2


def test_an_unknown_column_is_kept_apart(tmp_path):
    lines = REVIEWS.strip().split("\n")
    text = "\n".join(f"{line},{'TEAM' if n == 0 else f'team {n}'}" for n, line in enumerate(lines))
    reading = read(write(tmp_path, "reviews.csv", text))
    assert "TEAM" not in reading.tables["Reviews"].columns
    assert reading.extra.select("_row", "column", "value").rows() == [
        (0, "TEAM", "team 1"),
        (1, "TEAM", "team 2"),
    ]
    noted(reading, "column-not-known")


def test_a_column_written_twice_is_an_error_that_names_both_places(tmp_path):
    reading = read(
        write(
            tmp_path,
            "reviews.csv",
            "CHILD,DOB,REVIEW,REVIEW_CODE,dob\nC1,02/03/2010,01/06/2025,PN1,x\n",
        )
    )
    assert told(reading, "column-twice").found == "columns 2 and 5"
    assert reading.extra["value"].to_list() == ["x"]


def test_the_same_file_twice_is_read_once(tmp_path):
    one, two = write(tmp_path, "a.csv", REVIEWS), write(tmp_path, "b.csv", REVIEWS)
    reading = read([one, two])
    assert reading.tables["Reviews"].height == 2
    noted(reading, "same-file-twice")


def test_two_different_files_of_one_table_are_refused_until_one_is_named(tmp_path):
    one, two = (
        write(tmp_path, "a.csv", REVIEWS),
        write(tmp_path, "b.csv", REVIEWS.replace("PN1", "PN3")),
    )
    problem = told(read([one, two]), "two-files-one-table")
    assert "a.csv" in problem.where and "b.csv" in problem.where
    assert (
        read([one, two], options=Options(leave_out=frozenset({"b.csv"}))).tables["Reviews"].height
        == 2
    )
    assert (
        read([one, two], options=Options(merge=frozenset({"Reviews"}))).tables["Reviews"].height
        == 4
    )


def test_the_header_of_another_year_is_a_warning_and_the_rows_stay(tmp_path):
    reading = read(write(tmp_path, "cin.xml", cin_xml(child(1))), year=2024)
    (problem,) = reading.problems.filter(code="header-other-year").to_dicts()
    assert not problem["error"] and "2026" in problem["found"]
    assert reading.tables["ChildIdentifiers"].height == 1


def test_two_years_the_wrong_way_round_stop_everything(tmp_path):
    now, then = tmp_path / "now", tmp_path / "then"
    now.mkdir(), then.mkdir()
    write(now, "episodes.csv", EPISODES.replace("2025", "2024").replace("2026", "2025"))
    write(then, "episodes.csv", EPISODES)
    reading = read(now, previous=then)
    assert told(reading, "years-swapped") and not reading.tables
    forced = read(now, previous=then, options=Options(force_years=True))
    assert set(forced.tables) == {"Episodes", "Episodes_last"}


def test_a_zip_is_read_like_a_folder(tmp_path):
    reading = read(write(tmp_path, "all.zip", packed({"x/1.csv": HEADER, "2.csv": EPISODES})))
    assert set(reading.tables) == {"Header", "Episodes"}
    assert set(reading.files["member"]) == {"x/1.csv", "2.csv"}


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    reading = read(write(tmp_path, "bomb.zip", packed({"a.csv": b"0" * 60_000_000})))
    assert "zip_ratio" in told(reading, "over-limit").what


def test_a_zip_of_too_many_files_is_refused(tmp_path):
    reading = read(write(tmp_path, "many.zip", packed({f"{i}.csv": "a" for i in range(2001)})))
    assert "zip_members" in told(reading, "over-limit").what


def test_a_zip_in_a_zip_is_not_opened(tmp_path):
    inner = packed({"header.csv": HEADER})
    reading = read(write(tmp_path, "outer.zip", packed({"inner.zip": inner, "header.csv": HEADER})))
    assert told(reading, "zip-nested") and reading.tables["Header"].height == 2


def test_a_damaged_zip_is_told(tmp_path):
    data = bytearray(packed({"header.csv": HEADER * 50}))
    data[60:90] = b"\x00" * 30
    assert told(read(write(tmp_path, "a.zip", bytes(data))), "zip-broken")
    assert told(read(write(tmp_path, "b.zip", packed({"header.csv": HEADER})[:40])), "zip-broken")


def test_a_zip_of_a_version_that_nobody_has_written_is_told(tmp_path):
    """Found by fuzzing (seed 81001405): one flipped byte made the version needed to unpack 17.2."""
    data = bytearray(packed({"header.csv": HEADER}))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 6] = 172
    (tmp_path / "a.zip").write_bytes(data)
    told(read([tmp_path]), "zip-broken")


def test_a_zip_of_hidden_files_alone_is_told(tmp_path):
    """Found by fuzzing (seed 81005514): nothing was read and nothing said."""
    (tmp_path / "a.zip").write_bytes(packed({"..a.csv": HEADER, "folder/": ""}))
    told(read([tmp_path]), "zip-empty")


def test_a_locked_zip_is_told(tmp_path):
    data = bytearray(packed({"header.csv": HEADER}))
    with zipfile.ZipFile(write(tmp_path, "a.zip", bytes(data))) as archive:
        start = archive.start_dir
    data[start + 8] |= 1
    assert told(read(write(tmp_path, "a.zip", bytes(data))), "encrypted")


def test_member_names_are_labels_and_never_paths(tmp_path):
    reading = read(write(tmp_path, "a.zip", packed({"../../header.csv": HEADER})))
    assert reading.tables["Header"].height == 2
    assert not (tmp_path.parent / "header.csv").exists()


def test_a_workbook_is_read_with_its_dates(tmp_path):
    rows = [
        ["CHILD", "DOB", "REVIEW", "REVIEW_CODE"],
        ["C1", dt.date(2010, 3, 2), 45000, "PN1"],
        [12.0, "", "", ""],
    ]
    table = read(workbook(tmp_path / "a.xlsx", {"Sheet1": rows})).tables["Reviews"]
    assert table["REVIEW"].to_list() == ["15/03/2023", None]
    assert table["DOB__date"].to_list() == [dt.date(2010, 3, 2), None]
    assert table["CHILD"].to_list() == ["C1", "12"]


def test_a_workbook_of_1904_counts_its_days_from_there(tmp_path):
    rows = [["CHILD", "DOB", "REVIEW", "REVIEW_CODE"], ["C1", "", 43538, "PN1"]]
    path = workbook(tmp_path / "a.xlsx", {"S": rows}, date_1904=True)
    assert read(path).tables["Reviews"]["REVIEW"].to_list() == ["15/03/2023"]


def test_a_damaged_workbook_is_told(tmp_path):
    path = workbook(tmp_path / "a.xlsx", {"S": [["CHILD", "DOB", "REVIEW", "REVIEW_CODE"]]})
    data = bytearray(path.read_bytes())
    data[80:400] = b"\x00" * 320
    reading = read(write(tmp_path, "b.xlsx", bytes(data)))
    assert reading.refused and conserved(reading)


def test_a_locked_workbook_is_told(tmp_path):
    reading = read(write(tmp_path, "a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 4000))
    assert reading.refused and reading.refused[0].mend


def test_a_missing_file_is_told_and_the_others_are_read(tmp_path):
    reading = read([tmp_path / "no.csv", write(tmp_path, "a.csv", HEADER)])
    assert told(reading, "file-not-found") and reading.tables["Header"].height == 2


def test_a_file_over_the_size_limit_is_refused_with_the_name_of_the_limit(tmp_path):
    from dataclasses import replace

    small = Options(limits=replace(limits(), max_bytes=10))
    assert (
        "max_bytes"
        in told(read(write(tmp_path, "a.csv", HEADER), options=small), "over-limit").mend
    )


def test_nul_bytes_in_a_file_do_not_stop_it(tmp_path):
    reading = read(write(tmp_path, "a.csv", REVIEWS.replace("PN2", "P\x00N2")))
    assert reading.tables["Reviews"].height == 2 and conserved(reading)


def test_month_first_dates_are_never_read(tmp_path):
    text = "CHILD,DOB,REVIEW,REVIEW_CODE\n" + "".join(
        f"C{i},02/03/2010,05/{13 + i}/2025,PN1\n" for i in range(8)
    )
    reading = read(write(tmp_path, "a.csv", text))
    assert told(reading, "month-first")
    assert reading.tables["Reviews"]["REVIEW__date"].null_count() == 8


def test_an_unknown_return_is_a_usage_error_with_a_suggestion(tmp_path):
    with pytest.raises(UsageError, match="did you mean"):
        read(write(tmp_path, "a.csv", HEADER), return_name="ssda904")


def test_the_byte_order_mark_is_recorded(tmp_path):
    reading = read(
        write(tmp_path, "a.csv", codecs.BOM_UTF8 + HEADER.replace("\n", "\r\n").encode())
    )
    assert reading.files.select("bom", "line_ending", "encoding").row(0) == (True, "CRLF", "utf-8")


@pytest.mark.parametrize(
    "label", ["utf-16", "klingon", "cp037", "big5", "shift_jis", "idna", "base64"]
)
def test_a_census_that_names_a_wrong_encoding_is_read_with_a_note(tmp_path, label):
    """quality 1.3: retried as UTF-8, then 1252; A6: no label ends in a fault."""
    text = cin_xml(child(1), child(2)).split("?>", 1)[-1]
    path = tmp_path / "a.xml"
    path.write_text(f'<?xml version="1.0" encoding="{label}"?>{text}', encoding="utf-8")
    reading = read([path])
    assert reading.tables["ChildIdentifiers"].height == 2 and "Header" in reading.tables
    assert not reading.refused and label in noted(reading, "encoding-label")["sentence"]


@pytest.mark.parametrize(("label", "bytes_in"), [("windows-1252", "utf-8"), ("utf-8", "cp1252")])
def test_a_label_that_names_another_encoding_spoils_no_name(tmp_path, label, bytes_in):
    """A file that calls itself Windows-1252 and is sound UTF-8 is UTF-8; the other way round too."""
    path = tmp_path / "census.xml"
    text = (
        f'<?xml version="1.0" encoding="{label}"?><Message><Children><Child><ChildIdentifiers>'
        "<LAchildID>Zoë</LAchildID></ChildIdentifiers></Child></Children></Message>"
    )
    path.write_bytes(text.encode(bytes_in))
    reading = read(path, return_name="cin", year=2026)
    assert reading.tables["ChildIdentifiers"]["LAchildID"].to_list() == ["Zoë"]
    assert reading.notes["code"].to_list() == ["encoding-label"]


def test_what_systems_leave_in_folders_and_zips_is_no_file_of_the_return(tmp_path):
    """A Mac packs shadows, Windows keeps thumbnails, Excel a lock beside an open workbook: nobody sent them."""
    heading = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB\na,M,01/05/2015,WBRI,UN1,,\n"
    (tmp_path / "in").mkdir()
    left = ("__MACOSX/._header.csv", "Thumbs.db", "desktop.ini", ".DS_Store")
    with zipfile.ZipFile(tmp_path / "in" / "return.zip", "w") as packed:
        for name in ("folder/header.csv", *left):
            packed.writestr(name, heading if name.endswith("/header.csv") else "x")
    (tmp_path / "in" / "~$episodes.xlsx").write_bytes(b"\x05Data officer")
    reading = read(tmp_path / "in", return_name="903", year=2026)
    assert reading.files["member"].to_list() == ["folder/header.csv"]
    assert reading.problems.is_empty() and reading.tables["Header"].height == 1
