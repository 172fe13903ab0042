"""Bring the style sheet into the package: without it the pages would be bare and the wheel incomplete.

Run at build: python tools/assets.py [--tests]. Needs npm once; afterwards the pages need no network.
The crest, the crown and GDS Transport are the government's own and are taken out (report.md 10).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "src" / "threecircles" / "web" / "assets"
STYLE = MODULES / "govuk-frontend" / "dist" / "govuk" / "govuk-frontend.min.css"
BANNER = "/* GOV.UK Frontend 6.3.0, Government Digital Service, MIT licence; emblems and fonts removed. */\n"


def install(tests: bool) -> None:
    """Install the packages of package-lock.json; with tests, the accessibility checker too."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit(
            "npm was not found. Install Node.js 20 or later, or use the wheel, which holds the assets."
        )
    scope = [] if tests else ["--omit=dev"]
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *scope]
    subprocess.run(command, cwd=ROOT, check=True)


def clean_style(css: str) -> str:
    """The style sheet without fonts of its own, crest or absolute addresses; system fonts instead."""
    css = re.sub(r"@font-face\s*\{[^}]*\}", "", css)
    css = re.sub(r"[^{}]*\{[^{}]*\}", _without_emblem, css)
    css = re.sub(
        r"font-family:\s*\"?GDS Transport\"?\s*,\s*arial\s*,\s*sans-serif",
        "font-family:Arial,sans-serif",
        css,
        flags=re.I,
    )
    css = re.sub(r"\"?GDS Transport\"?\s*,\s*", "", css, flags=re.I)
    css = re.sub(r"/\*#\s*sourceMappingURL=.*?\*/", "", css, flags=re.S)
    return css.strip() + "\n"


def _without_emblem(rule: re.Match[str]) -> str:
    return "" if re.search("crest|crown", rule[0], re.I) else rule[0]


def build() -> Path:
    """Write the cleaned style sheet; returns the folder."""
    TARGET.mkdir(parents=True, exist_ok=True)
    css = BANNER + clean_style(STYLE.read_text(encoding="utf-8"))
    for word in ("woff", "crest", "crown", "gds transport", "@import", "url(http", "url(/"):
        if word in css.lower():
            sys.exit(
                f"The style sheet still holds {word!r}; look at clean_style in tools/assets.py."
            )
    (TARGET / "govuk-frontend.css").write_text(css, encoding="utf-8")
    return TARGET


def main() -> None:
    """Install and build, saying what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tests", action="store_true", help="also install the accessibility checker"
    )
    wanted = parser.parse_args()
    checker = MODULES / "axe-core" / "axe.min.js"
    if not STYLE.exists() or (wanted.tests and not checker.exists()):
        install(wanted.tests)
    folder = build()
    size = (folder / "govuk-frontend.css").stat().st_size
    print(f"assets: {folder.relative_to(ROOT)} ({size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
