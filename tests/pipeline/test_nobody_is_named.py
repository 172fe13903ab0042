"""Nothing outside the identity side names a child of the place: not a table, page, log or note."""

import shutil
import zipfile

import polars as pl
import pytest
from tests.pipeline.search import Needles, found, needles


@pytest.fixture(scope="module")
def wanted(hamlet) -> Needles:
    return needles(hamlet.place / "truth")


def test_no_file_outside_the_identity_side_names_a_child(hamlet, wanted):
    """Record A10, disclosure A10: names, UPNs, NHS numbers, postcodes, local numbers and birth dates."""
    assert len(wanted.words) > 1_500 and len(wanted.pairs) > 800
    assert found(hamlet.workspace, wanted) == []


def test_not_even_the_identity_side_names_a_child_without_its_key(hamlet, wanted):
    """Identity A10: everything there is sealed."""
    assert found(hamlet.workspace / "identity", wanted, leave_out=()) == []


def test_no_note_of_a_fault_and_no_key_file_names_a_child(away_from_home, wanted):
    """Disclosure A10: notes of faults hold places in the code, never values."""
    assert found(away_from_home, wanted, leave_out=()) == []


@pytest.mark.parametrize("file", ["note.txt", "table.parquet", "book.xlsx"])
def test_the_search_finds_what_is_planted(file, hamlet, wanted, tmp_path):
    """The search bites: one child's number in any kind of file is found."""
    upn = next(w for w, kind in wanted.words.items() if kind == "upn")
    if file == "note.txt":
        (tmp_path / file).write_text(f"seen: {upn}.")
    elif file == "table.parquet":
        pl.DataFrame({"a": ["b", upn]}).write_parquet(tmp_path / file)
    else:
        shutil.copy(hamlet.pack() / "pack.xlsx", tmp_path / file)
        with zipfile.ZipFile(tmp_path / file, "a") as packed:
            packed.writestr("xl/more.xml", f"<t>{upn}</t>")
    assert found(tmp_path, wanted, leave_out=()) == [f"{file}: upn"]
