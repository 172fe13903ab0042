"""The little language of mappings: columns, constants and eight verbs, so that data teams can read it.

An expression is a column; a constant in single quotes; code(column, list); first_of(a, b);
when(condition, a, b), b being
optional; date(column); days_after(column, n); window_end(); org('scheme', column).
A condition compares columns with constants (= != < <= > >=, in, is blank, ends with) and joins them
with and, or, not and brackets. Nothing else: no SQL, no Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from threecircles.core.errors import did_you_mean

VERBS = ("code", "first_of", "when", "date", "days_after", "window_end", "org")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|!=|[=<>(),]))"
)


@dataclass(frozen=True)
class Column:
    """A column of the source."""

    name: str


@dataclass(frozen=True)
class Constant:
    """A text or a number written in the mapping."""

    value: str


@dataclass(frozen=True)
class Code:
    """A column looked up in a list of codes."""

    column: str
    codes: str


@dataclass(frozen=True)
class FirstOf:
    """The first of two expressions that is not blank."""

    first: Expression
    second: Expression


@dataclass(frozen=True)
class When:
    """One expression where a condition holds; another, or nothing, where it does not or cannot be told."""

    condition: Condition
    then: Expression
    otherwise: Expression | None = None


@dataclass(frozen=True)
class DaysAfter:
    """A date column moved by whole days."""

    column: str
    days: int


@dataclass(frozen=True)
class WindowEnd:
    """The last day that the extract describes."""


@dataclass(frozen=True)
class Org:
    """An organisation's id: scheme and code."""

    scheme: str
    column: str


@dataclass(frozen=True)
class Compare:
    """A column beside a constant."""

    column: str
    sign: str
    value: str


@dataclass(frozen=True)
class Blank:
    """A column that holds nothing."""

    column: str


@dataclass(frozen=True)
class Within:
    """A column that holds one of several constants."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Ends:
    """A column whose text ends so."""

    column: str
    value: str


@dataclass(frozen=True)
class Not:
    """The other way round; what cannot be told stays untold."""

    of: Condition


@dataclass(frozen=True)
class Both:
    """Two conditions."""

    one: Condition
    two: Condition


@dataclass(frozen=True)
class Either:
    """One of two conditions."""

    one: Condition
    two: Condition


Expression = Column | Constant | Code | FirstOf | When | DaysAfter | WindowEnd | Org
Condition = Compare | Blank | Within | Ends | Not | Both | Either


def parse_expression(text: str) -> Expression:
    """An expression from its text. Raises ValueError that says what was found and what may stand there."""
    reader = _Reader(text)
    found = _expression(reader)
    reader.end()
    return found


def parse_condition(text: str) -> Condition:
    """A condition from its text. Raises ValueError."""
    reader = _Reader(text)
    found = _either(reader)
    reader.end()
    return found


def columns_of(part: Expression | Condition) -> tuple[str, ...]:
    """The columns it reads, in order."""
    found: list[str] = []
    for value in part.__dict__.values():
        if hasattr(value, "__dataclass_fields__"):
            found += columns_of(value)
    name = part.name if isinstance(part, Column) else getattr(part, "column", None)
    return (*((name,) if name else ()), *found)


def codes_of(part: Expression | Condition) -> tuple[Code, ...]:
    """The look-ups it makes."""
    if isinstance(part, Code):
        return (part,)
    inner = [v for v in part.__dict__.values() if hasattr(v, "__dataclass_fields__")]
    return tuple(code for value in inner for code in codes_of(value))


class _Reader:
    """Tokens of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, at = text, [], 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"`{text[at:].strip()[:20]}` cannot be read in `{text}`.")
            self.tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            at = match.end()
        self.at = 0

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else ("", "")

    def take(self, *allowed: str) -> str:
        kind, value = self.peek()
        if allowed and value not in allowed and kind not in allowed:
            found = f"`{value}`" if value else "the end"
            raise ValueError(
                f"found {found} in `{self.text}` where {' or '.join(allowed)} belongs."
            )
        self.at += 1
        return value

    def skip(self, word: str) -> bool:
        if self.peek()[0] in ("word", "sign") and self.peek()[1] == word:
            self.at += 1
            return True
        return False

    def end(self) -> None:
        if self.at < len(self.tokens):
            raise ValueError(f"found `{self.peek()[1]}` after the end of `{self.text}`.")


def _expression(reader: _Reader) -> Expression:
    kind = reader.peek()[0]
    if kind in ("text", "number"):
        return Constant(_constant(reader))
    if kind == "word" and reader.peek(1)[1] == "(":
        return _verb(reader)
    return Column(reader.take("word"))


def _verb(reader: _Reader) -> Expression:
    verb = reader.take("word")
    if verb not in VERBS:
        near = did_you_mean(verb, VERBS)
        raise ValueError(f"`{verb}` is not a verb of mappings; {near or ', '.join(VERBS)}.")
    reader.take("(")
    made: Expression
    if verb == "window_end":
        made = WindowEnd()
    elif verb == "date":
        made = Column(reader.take("word"))
    elif verb == "code":
        column = _comma(reader, reader.take("word"))
        made = Code(column, _list_name(reader))
    elif verb == "days_after":
        column = _comma(reader, reader.take("word"))
        made = DaysAfter(column, int(reader.take("number")))
    elif verb == "org":
        scheme = _comma(reader, _constant(reader))
        made = Org(scheme, reader.take("word"))
    elif verb == "first_of":
        first = _expression(reader)
        reader.take(",")
        made = FirstOf(first, _expression(reader))
    else:
        condition = _either(reader)
        reader.take(",")
        then = _expression(reader)
        made = When(condition, then, _expression(reader) if reader.skip(",") else None)
    reader.take(")")
    return made


def _comma(reader: _Reader, before: str) -> str:
    reader.take(",")
    return before


def _list_name(reader: _Reader) -> str:
    # Lists are files with hyphens in their names; in an expression a hyphen would be a minus sign.
    return reader.take("word", "text").strip("'").replace("_", "-")


def _either(reader: _Reader) -> Condition:
    found = _both(reader)
    while reader.skip("or"):
        found = Either(found, _both(reader))
    return found


def _both(reader: _Reader) -> Condition:
    found = _simple(reader)
    while reader.skip("and"):
        found = Both(found, _simple(reader))
    return found


def _simple(reader: _Reader) -> Condition:
    if reader.skip("not"):
        return Not(_simple(reader))
    if reader.peek()[1] == "(":
        reader.take("(")
        found = _either(reader)
        reader.take(")")
        return found
    column = reader.take("word")
    if reader.skip("is"):
        negated = reader.skip("not")
        reader.take("blank")
        return Not(Blank(column)) if negated else Blank(column)
    negated = reader.skip("not")
    if reader.skip("in"):
        return Not(Within(column, _values(reader))) if negated else Within(column, _values(reader))
    if reader.skip("ends"):
        reader.take("with")
        return Ends(column, _constant(reader))
    sign = reader.take("=", "!=", "<", "<=", ">", ">=", "in", "is", "ends")
    return Compare(column, sign, _constant(reader))


def _values(reader: _Reader) -> tuple[str, ...]:
    reader.take("(")
    values = [_constant(reader)]
    while reader.peek()[1] == ",":
        reader.take(",")
        values.append(_constant(reader))
    reader.take(")")
    return tuple(values)


def _constant(reader: _Reader) -> str:
    kind, value = reader.peek()
    reader.take("text", "number")
    return value[1:-1].replace("''", "'") if kind == "text" else value
