"""Documentation is a contract: a test fails when it drifts or when something public is undocumented."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
specification = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
reference = importlib.util.module_from_spec(specification)
specification.loader.exec_module(reference)
FILES = sorted((ROOT / "src" / "threecircles").rglob("*.py"))


def test_the_reference_pages_equal_what_their_sources_say():
    """DESIGN, docs: generated pages do not drift."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_public_is_undocumented():
    """spine S12: no public name without a docstring."""
    missing = [
        f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        for path in FILES
        for node, name in reference.public(path)
        if not ast.get_docstring(node)
    ]
    assert missing == []


def test_every_module_says_first_what_it_is_for():
    assert [
        str(p.relative_to(ROOT)) for p in FILES if not ast.get_docstring(ast.parse(p.read_text()))
    ] == []


def test_no_file_is_above_600_lines():
    """spine S12."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.html", "*.js", "*.css", "*.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    sizes = {
        name: len((ROOT / name).read_text(encoding="utf-8").splitlines())
        for name in tracked.stdout.split()
        if (ROOT / name).exists()
    }
    assert {n: s for n, s in sizes.items() if s > 600} == {}


def test_every_link_between_pages_of_the_docs_leads_somewhere():
    broken = []
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http", "mailto")) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
