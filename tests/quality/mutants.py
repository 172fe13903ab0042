"""Small wrongs done to a rule's SQL, to see whether its own examples would notice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from threecircles.quality import checking
from threecircles.quality.cases import run_case
from threecircles.quality.rule import Rule

_TEXT = re.compile(r"'(?:[^']|'')*'")
_AROUND = 24
"""So many characters to each side of a change tell which of several alike it is."""

SWAPS = (
    (r"(?<![<>=!-])<(?![<>=])", ("<=",)), (r"<=", ("<",)), (r"(?<![<>=!-])>(?![<>=])", (">=",)), (r">=", (">",)),
    (r"<>", ("=",)), (r"(?<![<>=!:])=(?![=>])", ("<>",)), (r"\band\b", ("or",)), (r"\bor\b", ("and",)),
    (r"\bis null\b", ("is not null",)), (r"\bis not null\b", ("is null",)),
    (r"\bis distinct from\b", ("is not distinct from",)), (r"\bis not distinct from\b", ("is distinct from",)),
    (r"\bnot (?=exists\b|in\b|\(|between\b|like\b)", ("",)),
    (r"(?<=, )(?:true|false)(?=\))", ("true", "false")),
    (r"\bwindow_(?:start|end)\(\)", ("({0} + 1)", "({0} - 1)")),
)  # fmt: skip
"""Pattern -> what is written instead: comparisons, connectives, blanks, negations, what a blank counts as, and
the days of the window moved by one."""


@dataclass(frozen=True)
class Mutant:
    """A rule with one wrong in it. mode: the SQL text that was changed. what: the change with what stands
    around it, the same from run to run."""

    rule: Rule
    mode: str
    what: str

    @property
    def name(self) -> tuple[str, str, str, str, str]:
        """Return, code, year, mode and change: what tells it from every other."""
        return (self.rule.return_, self.rule.code, str(self.rule.version), self.mode, self.what)


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every single change of a comparison, connective, constant, blank, window or code list in a rule's SQL."""
    for mode, field in (
        ("stated", "broken_when" if rule.broken_when else "query"),
        ("compatible", "compatible"),
    ):
        text = getattr(rule, field)
        told: dict[str, int] = {}
        for start, end, other in _changes(text):
            what = _told(text, start, end, other)
            told[what] = told.get(what, 0) + 1
            if told[what] > 1:
                what += f" #{told[what]}"
            yield Mutant(replace(rule, **{field: text[:start] + other + text[end:]}), mode, what)


def noticed(mutant: Mutant, connection) -> bool | None:
    """True when an example fails, False when all hold, None when the change is no SQL."""
    kept = checking._chosen
    checking._chosen = lambda *_: (mutant.rule,)
    try:
        for case in mutant.rule.cases:
            if mutant.rule.compatible and case.mode not in ("", None, mutant.mode):
                continue  # the other mode reads another text
            asked = replace(case, mode=mutant.mode) if mutant.rule.compatible else case
            for result in run_case(mutant.rule, asked, connection):
                if result.status.startswith("failed"):
                    return None
                if not result.holds:
                    return True
        return False
    finally:
        checking._chosen = kept


def _told(text: str, start: int, end: int, other: str) -> str:
    before = " ".join(text[:start].split())[-_AROUND:]
    after = " ".join(text[end:].split())[:_AROUND]
    return f"{before} [{text[start:end]} -> {other.strip() or 'left out'}] {after}"


def _changes(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and what is written instead, for each change."""
    spans = [m.span() for m in _TEXT.finditer(text)]
    for start, end, other in _of_words(text):
        if not any(a <= start < b for a, b in spans):
            yield start, end, other
    yield from _of_codes(text)


def _of_words(text: str) -> Iterator[tuple[int, int, str]]:
    """Comparisons, connectives, blanks, window days and numbers."""
    for pattern, others in SWAPS:
        for match in re.finditer(pattern, text):
            if match[0] == "and" and _between(text[: match.start()]):
                continue
            for other in others:
                if other != match[0]:
                    yield *match.span(), other.format(match[0])
    for match in re.finditer(r"(?<![\w.'])(?<!select )\d{1,4}(?![\w.'])", text):
        # What `exists (select 1 ...)` selects is nothing to a rule.
        for other in (int(match[0]) + 1, int(match[0]) - 1):
            yield *match.span(), str(other)


def _of_codes(text: str) -> Iterator[tuple[int, int, str]]:
    """Each code of a list left out, each code that something is compared with made one that nobody uses."""
    lists = [m.span(1) for m in re.finditer(r"\bin \(('[^()]*')\)", text)]
    for start, end in lists:
        codes = [(start + m.start(), start + m.end()) for m in _TEXT.finditer(text[start:end])]
        for n, (begin, stop) in enumerate(codes):
            if len(codes) == 1:
                yield begin, stop, "'~'"
            elif n + 1 < len(codes):
                yield begin, codes[n + 1][0], ""
            else:
                yield codes[n - 1][1], stop, ""
    for match in _TEXT.finditer(text):
        in_list = any(a <= match.start() < b for a, b in lists)
        if not in_list and " " not in match[0] and _compared(text, *match.span()):
            yield *match.span(), "'~'"


def _between(before: str) -> bool:
    """Whether an `and` belongs to a `between`, where `or` would be no SQL."""
    return bool(re.search(r"\bbetween\b(?:(?!\band\b).)*$", before, re.DOTALL))


def _compared(text: str, start: int, end: int) -> bool:
    """Whether a text constant is compared with something, rather than shown or joined on."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    return bool(re.search(r"(=|<>|\blike|\bfrom)$", before)) or after.startswith(("=", "<>"))
