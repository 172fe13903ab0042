"""What all tests share: the reference data, and a count of what was skipped for want of it."""

import os
from pathlib import Path

import pytest
from tests.browsing import chromium

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def reference_data():
    """A path below the reference data; skips with the reason where it is absent."""
    home = Path(os.environ.get("THREECIRCLES_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str = "") -> Path:
        path = home / name
        if not path.exists():
            if os.environ.get("THREECIRCLES_REQUIRE_DATA") == "1":
                pytest.fail(f"reference data absent: {name or 'folder'}")
            pytest.skip(f"reference data absent: {name or 'folder'}")
        return path

    return find


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for a module of tests; each test opens readers of its own."""
    with chromium() as started:
        yield started


def pytest_terminal_summary(terminalreporter):
    skipped = [
        r
        for r in terminalreporter.stats.get("skipped", [])
        if "reference data absent" in str(r.longrepr)
    ]
    terminalreporter.write_line(
        f"reference data: {len(skipped)} tests skipped because it is absent"
    )
