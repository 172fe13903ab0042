"""The first thing a newcomer may do: run the folder that `new` has just written."""

import pytest

from threecircles import pipeline
from threecircles.cli.place import new
from threecircles.core.errors import UsageError


@pytest.mark.parametrize("act", [pipeline.run, pipeline.plan])
def test_a_place_without_files_says_what_to_do(tmp_path, act):
    new(tmp_path / "place")
    with pytest.raises(UsageError, match="names no files yet"):
        act(tmp_path / "place", tmp_path / "workspace")
    assert not (tmp_path / "workspace").exists()
