"""The page on security names tests that exist, for every chapter."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_chapter_has_tests_and_every_test_named_is_there():
    """disclosure A11: mapped to the chapters of ASVS 5.0."""
    text = (ROOT / "docs" / "explanation" / "security.md").read_text(encoding="utf-8")
    rows = {m[1]: m[2] for m in re.finditer(r"^\| (V\d+) [^|]*\|[^|]*\|([^\n]*)\|$", text, re.M)}
    assert sorted(rows, key=lambda c: int(c[1:])) == [f"V{n}" for n in range(1, 17)]
    for chapter, cells in rows.items():
        named = re.findall(r"`(tests/[^:`]+)::(\w+)`", cells)
        assert named, chapter
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (chapter, test)
