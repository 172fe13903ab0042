"""Definitions are read by YAML 1.2, typed field by field, and every error names file and line."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pytest

from threecircles.core.errors import DefinitionError
from threecircles.definitions import Definition, in_force, load, load_folder, load_text


@dataclass(frozen=True, kw_only=True)
class Cut:
    scale: str
    above: float


@dataclass(frozen=True, kw_only=True)
class Thing(Definition):
    cuts: list[Cut] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    level: Literal["low", "high"] = "low"
    years: list[int] | None = None
    return_: str = ""


BASE = "id: a\nlabel: A thing\nsource: us\n"


def test_bare_words_and_leading_noughts_stay_text():
    """record 5: no, on, off, yes, NO and 010 are codes, not booleans or octal numbers."""
    thing = load_text(BASE + "codes: {no: on, 'off': NO, n: yes, z: 010}\nreturn: cin\n", Thing)
    assert thing.codes == {"no": "on", "off": "NO", "n": "yes", "z": "010"}
    assert thing.return_ == "cin"


def test_dates_and_nested_parts_are_typed():
    thing = load_text(
        BASE + "valid_from: 2024-04-01\ncuts: [{scale: emo, above: 3}]\nyears: [2024, 2025]\n",
        Thing,
    )
    assert (thing.valid_from, thing.cuts[0].above, thing.years) == (
        date(2024, 4, 1),
        3.0,
        (2024, 2025),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + "levle: low\n", ["text line 4", "levle", "did you mean level"]),
        (BASE + "level: middle\n", ["line 4", "middle", "low, high"]),
        ("id: a\nlabel: b\n", ["lacks: source"]),
        (
            BASE + "cuts:\n  - {scale: emo, above: much}\n",
            ["line 5", "above must be float", "much"],
        ),
        (BASE + "codes: {a: 1}\n", ["line 4", "codes.a must be str", "quotes"]),
        (BASE + "valid_from: 01/04/2024\n", ["line 4", "not a date", "yyyy-mm-dd"]),
        (BASE + "id: b\n", ["line 4", "id is written twice"]),
        ("id: [a\n", ["cannot be read", "line"]),
        ("", ["empty"]),
    ],
)
def test_errors_name_the_line_what_was_found_and_what_is_allowed(text, words):
    with pytest.raises(DefinitionError) as caught:
        load_text(text, Thing)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_definition_holds_between_its_dates(tmp_path):
    for name, dates in (("a", "valid_to: 2025-03-31\n"), ("b", "valid_from: 2025-04-01\n")):
        (tmp_path / "things").mkdir(exist_ok=True)
        (tmp_path / "things" / f"{name}.yaml").write_text(
            BASE.replace("id: a", f"id: {name}") + dates
        )
    both = load_folder("things", Thing, home=tmp_path)
    assert in_force(both, date(2025, 3, 31)).id == "a"
    with pytest.raises(DefinitionError, match="no definition called things/aa"):
        load("things/aa", Thing, home=tmp_path)
    with pytest.raises(DefinitionError, match="2 definitions hold"):
        in_force((*both, both[0]), date(2024, 1, 1))
