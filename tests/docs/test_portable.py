"""A locked-down Windows laptop runs the same code: what only Unix knows stays inside a guarded function."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "threecircles").rglob("*.py"))
UNIX_ONLY = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty"}


def imported_at_once(path):
    """Names of modules imported when the file is, not inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_no_module_needs_unix_to_be_imported():
    """spine 1: Windows users get the same through python -m threecircles."""
    found = [
        f"{p.relative_to(ROOT)}: {m}" for p in FILES for m in imported_at_once(p) if m in UNIX_ONLY
    ]
    assert found == []


@pytest.mark.parametrize("suffix", ["*.py", "*.html", "*.j2"])
def test_no_date_is_written_in_a_form_that_windows_refuses(suffix):
    """%-d is unknown there: core.dates.in_words writes "3 May 2026" on every system."""
    found = [
        f"{p.relative_to(ROOT)}:{n}"
        for p in sorted((ROOT / "src").rglob(suffix))
        if p.name != "dates.py"
        for n, line in enumerate(p.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"%-[dmHI]", line)
    ]
    assert found == []
