"""Words of measures that belong to others are nowhere in the repository and nowhere in what is installed (survey A8)."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from threecircles.survey.measures import measures

ROOT = Path(__file__).parents[2]
WORDS = (".yaml", ".yml", ".csv", ".json", ".html", ".js", ".py", ".md", ".txt", ".xml", ".typ")
LARGEST = 2_000_000
"""Bytes of a file that could hold a question by its code; larger ones are tables of areas."""
# A code, then at least three words as a text of its own or as the rest of a cell.
GIVEN = r"""["']?(?<![\w-])({codes})["']?\s*[:=,|\t]\s*["']?[^\W\d_]+(?:['’][^\W\d_]+)?(?:\s+[^\W\d_]+(?:['’][^\W\d_]+)?){{2,}}"""


def theirs():
    """Measures of classes B and C."""
    return [m for m in measures() if m.licence.class_ != "A"]


def worded(files):
    """Where a question or answer of others has words. files: name -> text."""
    owned = {m.id for m in theirs()}
    codes = sorted({i.code for m in theirs() for i in m.items}, key=len, reverse=True)
    given = re.compile(GIVEN.format(codes="|".join(map(re.escape, codes))))
    stems = {c.rstrip("0123456789") for c in codes}
    found = []
    for name, text in files:
        parts = Path(name).parts
        # Words lie in a file called after their measure, in a folder called after their language.
        if len(parts) > 2 and Path(name).stem in owned and parts[-3] == "measures":
            found.append(f"{name}: a file of words")
        if Path(name).stem.startswith("text.") and parts[-2] in owned:
            found.append(f"{name}: a licensed text")
        if any(stem in text for stem in stems):
            found += [f"{name}: {m.group(0)}" for m in given.finditer(text)]
        held = re.search(r"^measure: *(\S+)", text, re.M)
        if held and held[1] in owned and re.search(r"^(items|options):", text, re.M):
            found.append(f"{name}: words of {held[1]}")
    return found


def test_the_search_finds_words_that_are_there():
    "Else the two tests below could not fail."
    planted = {
        "a/definitions/measures/cy/sdq_self.yaml": "items: {}",
        "tests/x.py": 'TEXT = {"sdq_self3": "My aching head again"}',
        "docs/x.md": "| swe2 | Of use to somebody |",
        "b/c.yaml": "  sdq_self4: Wspólnie dzielę się",
        "b/words.yaml": "measure: swemwbs\nitems:\n  s1: a",
        "licensed/rosenberg_5/text.en.yaml": "",
    }
    assert len(worded(planted.items())) == 6
    fair = {
        "b/c.yaml": "  - {code: sdq_self3, options: nought_to_two, reverse: true}",
        "t.py": 'table["sdq_self3"], 4, "a b c"',
    }
    assert worded(fair.items()) == []


def test_no_file_of_the_repository_holds_a_word_of_others_questions():
    "A8, over every file that is kept."
    try:
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(p.relative_to(ROOT)) for p in (ROOT / "src").rglob("*") if p.is_file()]
    own = Path(__file__).name
    read = (
        (n, (ROOT / n).read_text("utf-8", "replace"))
        for n in listed
        if n.endswith(WORDS)
        and not n.endswith(own)
        and (ROOT / n).is_file()
        and (ROOT / n).stat().st_size < LARGEST
    )
    assert len(theirs()) >= 12
    assert worded(read) == []


def test_the_built_wheel_holds_no_word_of_others_questions(tmp_path):
    "A8, over the wheel as it is installed: scoring and codes are there, words are not."
    pytest.importorskip("hatchling")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        entries = [e for e in wheel.infolist() if e.filename.endswith(WORDS)]
        names = {e.filename for e in entries}
        texts = (
            (e.filename, wheel.read(e).decode("utf-8", "replace"))
            for e in entries
            if e.file_size < LARGEST
        )
        assert worded(texts) == []
    for m in theirs():
        assert f"threecircles/definitions/measures/{m.id}.yaml" in names
    assert "threecircles/definitions/measures/en/feelings.yaml" in names
