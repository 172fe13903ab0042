"""What the desk finds by itself, its signature, and the search for names."""

from __future__ import annotations

import json

import polars as pl
import pytest

from threecircles.core.errors import NotPermitted
from threecircles.core.workspace import Workspace, create
from threecircles.disclosure import ledger, signature
from threecircles.disclosure.desk import tombstone
from threecircles.disclosure.release_report import report
from threecircles.disclosure.scan import names_in, scan

RECORDS = pl.DataFrame(
    {"first": ["Zebedee", None], "surname": ["O’Quill", "Smith"], "postcode": ["ZZ99 3VZ", None]}
)
NUMBERS = pl.DataFrame({"value": ["A123456789012"], "value_as_received": ["a123456789012 "]})


@pytest.fixture
def place(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    return create(tmp_path / "w", fictitious=False)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("page.html", "<p>Seen with <b>Zebedee</b> O’Quill</p>", "name"),
        ("chart.svg", '<svg><title>x</title><path aria-label="O’Quill, Zebedee"/></svg>', "name"),
        ("data.csv", "upn,n\nA123456789012,1\n", "identifier"),
        ("note.txt", "lives at ZZ99 3VZ", "postcode"),
        ("zebedee-o’quill.csv", "n\n12\n", "name"),
    ],
)
def test_a_child_is_found_wherever_it_is_named(tmp_path, name, text, kind):
    """disclosure A10."""
    (tmp_path / name).write_text(text)
    found = scan(tmp_path, names_in(RECORDS, NUMBERS))
    assert [(s.file, s.kind) for s in found] == [(name, kind)]
    assert "Zebedee" not in repr([s.kind for s in found])


def test_a_forename_alone_names_nobody(tmp_path):
    (tmp_path / "page.html").write_text(
        "<p>Zebedee is a figure of a children's programme. Smith too.</p>"
    )
    assert scan(tmp_path, names_in(RECORDS, NUMBERS)) == []


def test_a_workbook_is_read_through(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet().write(0, 0, "Zebedee O’Quill")
    assert [s.kind for s in scan(tmp_path, names_in(RECORDS, NUMBERS))] == ["name"]


def test_a_file_with_a_row_for_each_person_stands_against_a_release(place, tmp_path):
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "people.csv").write_text("person_id,age\n1,5\n")
    found = report(place, folder)
    assert not found.safe and found.microdata == ("people.csv",)
    assert "people.csv" in found.text() and json.loads(found.to_json())["safe"] is False


def test_a_copy_of_a_release_is_what_was_signed_or_is_refused(place):
    site = place.release / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<p>402</p>")
    import hashlib

    files = {"site/index.html": hashlib.sha256(b"<p>402</p>").hexdigest()}
    (place.release / "manifest.json").write_text(json.dumps({"release": "r", "files": files}))
    signed = signature.sign(place, "r")
    assert signature.verify(place.release, signed) == 1
    (site / "more.html").write_text("x")
    with pytest.raises(NotPermitted, match="not those that were signed"):
        signature.verify(place.release, signed)
    (site / "more.html").unlink()
    (site / "index.html").write_text("<p>403</p>")
    with pytest.raises(NotPermitted, match="is not the one that was signed"):
        signature.verify(place.release, signed)
    (place.release / "manifest.json").write_text(json.dumps({"release": "r", "files": {}}))
    with pytest.raises(NotPermitted, match="manifest is not"):
        signature.verify(place.release, signed)
    with pytest.raises(NotPermitted, match="another desk"):
        signature.verify(place.release, signed, public_key="00" * 32)


def test_the_tombstone_says_why_and_when_and_lets_nothing_through():
    page = tombstone("A <b>", "wrong & late", "3 May 2026")
    assert "A &lt;b&gt;" in page and "wrong &amp; late" in page and "3 May 2026" in page


def test_nothing_is_known_before_the_first_release(place):
    assert not ledger.known(place.path)
    assert ledger.ledger_text(place.path) == "Nothing has been released."


@pytest.mark.parametrize("name", ["quotes.csv", "quotes.txt", "quotes.html"])
def test_a_quote_that_two_people_have_not_read_stands_against_a_release(place, tmp_path, name):
    "A file whose quotes cannot be read one by one stands against it too."
    from threecircles.disclosure import quotes

    folder = tmp_path / "pack"
    folder.mkdir()
    text = "They never listen to us"
    (folder / name).write_text(f"ward,quote\nAll,{text}\n" if name.endswith("csv") else text)
    assert len(report(place, folder).unread) == 1 and not report(place, folder).safe
    number = quotes.take(
        place.path, text, "yes", attribution={"phase": "secondary"}, children=90, by="ann"
    ).id
    quotes.settle(place.path, number, text, note="", by="ann")
    quotes.second(place.path, number, by="ben")
    assert bool(report(place, folder).unread) == name.endswith("html")
