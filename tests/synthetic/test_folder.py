"""Where places are written: nobody's files are lost, and what goes wrong is told in words."""

import errno

import pytest

from threecircles.core.errors import UsageError
from threecircles.synthetic import make
from threecircles.synthetic.folder import fresh, is_made_up


def test_a_folder_with_somebodys_files_is_never_written_over(tmp_path):
    """A13: refused before anything is made; the files are still there."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(UsageError, match="no made-up place"):
        make("hamlet", tmp_path / "letters")
    assert (tmp_path / "letters" / "a.txt").read_text() == "dear"


def test_an_earlier_made_up_place_is_replaced(tmp_path):
    """A13: its manifest says that it was made up."""
    for number in (1, 2):
        with fresh(tmp_path / "p") as folder:
            (folder / "manifest.json").write_text('{"note": "made-up data"}')
            (folder / f"{number}.txt").write_text("x")
    assert is_made_up(tmp_path / "p")
    assert sorted(p.name for p in (tmp_path / "p").iterdir()) == ["2.txt", "manifest.json"]


@pytest.mark.parametrize("held", ["[]", "{", '{"note": "mine"}', "\x00"])
def test_another_manifest_is_not_taken_for_ours(tmp_path, held):
    (tmp_path / "manifest.json").write_text(held)
    assert not is_made_up(tmp_path)


def test_a_full_disk_is_told_in_words_and_leaves_nothing_behind(tmp_path):
    """A13: no half place, the earlier one is kept."""
    with pytest.raises(UsageError, match="could not be written") as told, fresh(tmp_path / "p"):
        (tmp_path / "p.part" / "half.txt").write_text("x")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert told.value.found == "No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_that_name_is_named(tmp_path):
    (tmp_path / "p").write_text("x")
    with pytest.raises(UsageError, match="file of that name"):
        make("hamlet", tmp_path / "p")
