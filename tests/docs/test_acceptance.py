"""No numbered statement of the spine and the record goes unshown, and the import contract holds."""

import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
specification = spec_from_file_location("acceptance", ROOT / "tools" / "acceptance.py")
acceptance = module_from_spec(specification)
specification.loader.exec_module(acceptance)

STATEMENTS = {"spine": 12, "record": 22}
"""How many statements each page makes; they are numbered from 1."""


@pytest.mark.parametrize("room", STATEMENTS)
def test_every_statement_is_named_by_a_test_or_a_benchmark(room):
    """spine S12: every acceptance named by a test or a benchmark."""
    shown = {number for of_room, number in acceptance.shown() if of_room == room}
    assert [n for n in range(1, STATEMENTS[room] + 1) if n not in shown] == []


def test_a_number_belongs_to_the_room_named_before_it():
    assert acceptance.numbers("record A3, A5 and need N2; spine S1 to S3", "core") == {
        ("record", 3), ("record", 5), ("need", 2), ("spine", 1), ("spine", 2), ("spine", 3),
    }  # fmt: skip


def test_a_room_imports_only_rooms_below_it():
    """spine S12: the import contract holds."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command, "import-linter belongs to the test environment"
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
