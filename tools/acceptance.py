"""Says which test or benchmark shows which acceptance statement, from the numbers in names and docstrings.

python tools/acceptance.py SPEC_FOLDER    statements of the specifications that no test or benchmark names
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("catalogue", "disclosure", "funding", "identity", "need", "quality", "record", "report",
         "strategy", "survey", "synthetic", "voice")  # fmt: skip
FOLDERS = {
    "sources": "quality",
    "web": "report",
    "core_multilevel": "funding",
    "core_design": "survey",
}
NUMBER = re.compile(rf"\b(?:({'|'.join(ROOMS)}|spine)(?: page)?[ ,:]+)?([ANS]\d{{1,2}})\b(?!-\w)")
RANGE = re.compile(r"\b([ANS])(\d{1,2})(?:-| to )[ANS]?(\d{1,2})\b")
LETTERS = {"need": "N", "strategy": "S", "spine": "S"}


def shown() -> dict[tuple[str, int], set[str]]:
    """(room, number) -> where it is shown, for every test and benchmark.

    Most rooms number by A, need by N, strategy and the spine by S.
    """
    found: dict[tuple[str, int], set[str]] = {}
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    for path in sorted(files):
        own = path.relative_to(ROOT).parts
        room = FOLDERS.get(own[1], own[1]) if own[0] == "tests" else own[1].split("_")[0]
        for name, text in _said(path):
            for of_room, number in numbers(text, room):
                found.setdefault((of_room, number), set()).add(name)
    return found


def numbers(text: str, room: str) -> set[tuple[str, int]]:
    """The statements that a text names; a number without a room's name before it is of `room`."""
    text = RANGE.sub(
        lambda m: ", ".join(f"{m[1]}{n}" for n in range(int(m[2]), int(m[3]) + 1)), text
    )
    named, said = room, set()
    for match in NUMBER.finditer(text):
        named = match[1] or named
        letter, number = match[2][0], int(match[2][1:])
        if letter == "S" and named != "strategy":
            said.add(("spine", number))
        elif letter == LETTERS.get(named, "A"):
            said.add((named, number))
    return {(r, n) for r, n in said if r == "spine" or r in ROOMS}


def _said(path: Path) -> list[tuple[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    place = str(path.relative_to(ROOT))
    functions = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")
    ]
    said = [
        (f"{place}::{f.name}", f"{ast.get_docstring(f) or ''} {_in_name(f.name)}")
        for f in functions
    ]
    return [*said, (place, ast.get_docstring(tree) or "")]


def _in_name(name: str) -> str:
    return " ".join(part.upper() for part in name.split("_") if re.fullmatch(r"[ans]\d{1,2}", part))


def page() -> str:
    """The reference page: statement by statement, where it is shown."""
    found = shown()
    lines = ["# Acceptance", "", "Which test or benchmark shows which numbered statement of the specifications.",
             "A statement without a line here is not shown by any.", ""]  # fmt: skip
    for room in sorted({r for r, _ in found}):
        letter = LETTERS.get(room, "A")
        lines += [f"## {room}", "", "| statement | shown by |", "|---|---|"]
        for number in sorted(n for r, n in found if r == room):
            where = ", ".join(f"`{w}`" for w in sorted(found[room, number]))
            lines.append(f"| {letter}{number} | {where} |")
        lines.append("")
    return "\n".join(lines)


def asked(folder: Path) -> dict[str, list[int]]:
    """The numbers each specification page states, as its lists `- A1 ...` do."""
    return {
        page.stem: sorted(
            {
                int(n)
                for n in re.findall(
                    rf"(?m)^(?:- |\| |)\*{{0,2}}{LETTERS.get(page.stem, 'A')}(\d{{1,2}})\b",
                    page.read_text(),
                )
            }
        )
        for page in folder.glob("*.md")
        if page.stem in ROOMS
    }


def main() -> int:
    """Print what is not shown, room by room."""
    found = shown()
    for room, wanted in sorted(asked(Path(sys.argv[1])).items()):
        missing = [n for n in wanted if (room, n) not in found]
        print(f"{room}: {len(wanted) - len(missing)} of {len(wanted)} are named; "
              f"missing {', '.join(map(str, missing)) or 'none'}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
