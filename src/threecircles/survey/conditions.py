"""When a question is asked: without one small grammar the server, the browser and paper would differ.

    ask_if: year >= 7 and (answered(car1) or not sex == "M") and selected(home, foster)

Words: and, or, not, == != < <= > >= in [..], answered(code), selected(code, answer). Names are codes of
earlier questions, or the pupil's year and phase. A comparison with an unanswered question is false.
The browser reads the same tree: web/survey/static/conditions.js.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from threecircles.core.errors import DefinitionError

Tree = list[Any]
"""["and", a, b], ["not", a], ["==", name, answer], ["in", name, [answers]], ["answered", name] ..."""

ATTRIBUTES = ("year", "phase")
"""What may be asked of the pupil beside answers."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,))"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_SIGNS = ("==", "!=", "<", "<=", ">", ">=")


def parse(text: str, where: str = "ask_if") -> Tree:
    """The tree of a condition. Raises DefinitionError with what was found and what is allowed."""
    tokens = list(_tokens(text, where))
    tree, rest = _either(tokens, text, where)
    if rest:
        raise _wrong(text, where, rest[0][1])
    return tree


def names(tree: Tree) -> set[str]:
    """Codes and attributes that a condition looks at."""
    if tree[0] in ("and", "or", "not"):
        return {name for part in tree[1:] for name in names(part)}
    return {tree[1]}


def holds(tree: Tree | None, answers: Mapping[str, Any]) -> bool:
    """Whether the question is asked, given the answers so far (a list where several were chosen)."""
    if tree is None:
        return True
    word = tree[0]
    if word in ("and", "or"):
        parts = (holds(part, answers) for part in tree[1:])
        return all(parts) if word == "and" else any(parts)
    if word == "not":
        return not holds(tree[1], answers)
    given = answers.get(tree[1])
    if word == "answered" or not _is_answer(given):
        return word == "answered" and _is_answer(given)
    chosen = given if isinstance(given, list) else [given]
    if word in ("in", "selected"):
        wanted = tree[2] if word == "in" else [tree[2]]
        return any(_same(c, w) for c in chosen for w in wanted)
    return _compare(word, chosen[0], tree[2])


def _is_answer(given: Any) -> bool:
    return given not in (None, "", [])


def _same(one: Any, other: Any) -> bool:
    a, b = _number(one), _number(other)
    return a == b if a is not None and b is not None else str(one) == str(other)


def _compare(sign: str, one: Any, other: Any) -> bool:
    if sign in ("==", "!="):
        return _same(one, other) == (sign == "==")
    a, b = _number(one), _number(other)
    if a is None or b is None:
        return False
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def _number(x: Any) -> float | None:
    text = str(x)
    return float(text) if _NUMBER.match(text) else None


def _tokens(text: str, where: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise _wrong(text, where, text[place:].strip()[:12])
        place = match.end()
        kind = str(match.lastgroup)
        yield kind, match[kind].strip("\"'") if kind == "text" else match[kind]


def _either(tokens: list[tuple[str, str]], text: str, where: str) -> tuple[Tree, list[Any]]:
    return _joined("or", _all, tokens, text, where)


def _all(tokens: list[tuple[str, str]], text: str, where: str) -> tuple[Tree, list[Any]]:
    return _joined("and", _one, tokens, text, where)


def _joined(word: str, part: Any, tokens: Any, text: str, where: str) -> tuple[Tree, list[Any]]:
    tree, rest = part(tokens, text, where)
    parts = [tree]
    while rest and rest[0] == ("name", word):
        tree, rest = part(rest[1:], text, where)
        parts.append(tree)
    return (parts[0] if len(parts) == 1 else [word, *parts]), rest


def _one(tokens: list[tuple[str, str]], text: str, where: str) -> tuple[Tree, list[Any]]:
    if not tokens:
        raise _wrong(text, where, "its end")
    kind, word = tokens[0]
    if (kind, word) == ("name", "not"):
        tree, rest = _one(tokens[1:], text, where)
        return ["not", tree], rest
    if word == "(" and kind == "sign":
        tree, rest = _either(tokens[1:], text, where)
        return tree, _expect(rest, ")", text, where)
    if kind != "name" or word in ("and", "or", "in"):
        raise _wrong(text, where, word)
    if word in ("answered", "selected") and len(tokens) > 1 and tokens[1][1] == "(":
        return _call(word, tokens[2:], text, where)
    if len(tokens) < 2:
        raise _wrong(text, where, "its end")
    sign = tokens[1][1]
    if tokens[1] == ("name", "in"):
        values, rest = _list(tokens[2:], text, where)
        return ["in", word, values], rest
    if sign not in _SIGNS or len(tokens) < 3 or tokens[2][0] == "sign":
        raise _wrong(text, where, sign if sign not in _SIGNS else "no answer")
    return [sign, word, _value(tokens[2])], tokens[3:]


def _call(word: str, tokens: Any, text: str, where: str) -> tuple[Tree, list[Any]]:
    if not tokens or tokens[0][0] != "name":
        raise _wrong(text, where, "no code")
    name, rest = tokens[0][1], tokens[1:]
    if word == "answered":
        return ["answered", name], _expect(rest, ")", text, where)
    rest = _expect(rest, ",", text, where)
    if not rest:
        raise _wrong(text, where, "no answer")
    return ["selected", name, _value(rest[0])], _expect(rest[1:], ")", text, where)


def _list(tokens: Any, text: str, where: str) -> tuple[list[Any], list[Any]]:
    rest, values = _expect(tokens, "[", text, where), []
    while rest and rest[0][0] != "sign":
        values.append(_value(rest[0]))
        rest = rest[1:]
        if rest and rest[0] == ("sign", ","):
            rest = rest[1:]
    return values, _expect(rest, "]", text, where)


def _value(token: tuple[str, str]) -> Any:
    kind, word = token
    return (float(word) if "." in word else int(word)) if kind == "number" else word


def _expect(tokens: Any, sign: str, text: str, where: str) -> list[Any]:
    if not tokens or tokens[0] != ("sign", sign):
        raise _wrong(text, where, tokens[0][1] if tokens else "its end", sign)
    return list(tokens[1:])


def _wrong(text: str, where: str, found: str, wanted: str = "") -> DefinitionError:
    return DefinitionError(
        f"The condition cannot be read: {text}",
        where=where,
        found=found,
        allowed=wanted or "a code, a comparison, and, or, not, in [..], answered(), selected()",
    )
