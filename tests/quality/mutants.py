"""Small wrongs done to a rule's SQL, to see whether its own examples would notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from threecircles.quality.rule import Rule

_TEXT = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True)
class Mutant:
    """A rule with one wrong in it. mode: the SQL text that was changed. what: the change."""

    rule: Rule
    mode: str
    what: str


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every single change of a comparison, connective, constant, blank or code list in a rule's SQL."""
    for mode, field in (
        ("stated", "broken_when" if rule.broken_when else "query"),
        ("compatible", "compatible"),
    ):
        text = getattr(rule, field)
        if not text:
            continue
        for changed, what in _changes(text):
            yield Mutant(replace(rule, **{field: changed}), mode, what)


def _changes(text: str) -> Iterator[tuple[str, str]]:
    spans = [m.span() for m in _TEXT.finditer(text)]

    def outside(at: int) -> bool:
        return not any(a <= at < b for a, b in spans)

    swaps = (
        (r"(?<![<>=!])<(?![<>=])", "<="), (r"<=", "<"), (r"(?<![<>=!-])>(?![<>=])", ">="), (r">=", ">"),
        (r"<>", "="), (r"\band\b(?!\s+(window_end|'|\d|p\.SW_DEC|999))", "or"), (r"\bor\b", "and"),
        (r"\bis null\b", "is not null"), (r"\bis not null\b", "is null"),
    )  # fmt: skip
    for pattern, other in swaps:
        for match in re.finditer(pattern, text):
            before = text[: match.start()]
            if outside(match.start()) and not _between(before, other):
                yield before + other + text[match.end() :], f"{match[0]} -> {other}"
    for match in re.finditer(r"(?<![\w.'])(\d{1,3})(?![\w.'])", text):
        if outside(match.start()):
            yield (
                text[: match.start()] + str(int(match[0]) + 1) + text[match.end() :],
                f"{match[0]} + 1",
            )
    for match in re.finditer(r"\bin \(('[^()]*')\)", text):
        codes = _TEXT.findall(match[1])
        for dropped in {codes[0], codes[-1]}:
            kept = [c for c in codes if c != dropped] or ["'~'"]
            yield (
                text[: match.start(1)] + ", ".join(kept) + text[match.end(1) :],
                f"{dropped} dropped",
            )
    for match in re.finditer(r", (true|false)\)", text):
        other = "false" if match[1] == "true" else "true"
        yield text[: match.start(1)] + other + text[match.end(1) :], f"blank counts as {other}"


def _between(before: str, other: str) -> bool:
    """Whether an `and` belongs to a `between`, where `or` would be no SQL."""
    return other == "or" and bool(re.search(r"\bbetween\b(?:(?!\band\b).)*$", before, re.DOTALL))
