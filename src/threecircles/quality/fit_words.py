"""A verdict in plain words: without it a reader would see a verdict and not what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import floor
from typing import Any

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.core.intervals import wilson
from threecircles.definitions.loader import HOME
from threecircles.definitions.yaml12 import parse
from threecircles.quality.fields import fields_of, form_of
from threecircles.quality.fitness import STATES, Judged, Verdict
from threecircles.quality.scores import TOO_FEW

EVERYTHING = "Everything it needs is good enough."
RULE = (
    "Each question is judged by the worst of what it needs, never by an average. A share is fit when the lower end of "
    "its 95% interval reaches what is asked, not fit when the upper end falls short of it, and fit with care between."
)
"""How the verdict is reached, for the foot of every page that shows one."""


@cache
def source_label(source: str) -> str:
    """What a source is called."""
    path = HOME / "sources" / f"{source}.yaml"
    return str(parse(path.read_text(encoding="utf-8"), path.name).plain()["label"])


def found_text(line: Judged) -> str:
    """What was found of one thing asked, in one sentence."""
    if line.state == "cannot tell" and (line.k is None or not line.n):
        return _unknown(line)
    if line.dimension == "late":
        assert line.days is not None
        return f"{source_label(line.source)} came {_days(line.days)} after its period ended; the answer is needed within {_days(line.asked)}."
    assert line.k is not None
    low, high = wilson(line.k, line.n)
    share = f"{percent(line.k / line.n)} ({percent(low)} to {percent(high)})"
    label, rows = _named(line)
    of = f"{share} of {line.n:,}"
    if line.dimension == "linked":
        few = ", too few to tell" if line.n < TOO_FEW else ""
        return f"Of about {line.n:,} links that should exist between the sources, {line.k:,} were rightly made, {share}{few}; {percent(line.asked)} is asked."
    told = {
        "completeness": f"{_capital(label)} is recorded for {of} {rows}",
        "validity": f"{_capital(label)} is of the right form and code in {of} values",
        "uniqueness": f"{of} lines of {label} stand only once",
        "consistency": f"{of} children have no contradiction in their records ({source_label(line.source)})",
        "timeliness": f"{of} records of earlier years were already in last year's returns",
    }[line.dimension]
    few = ", too few to tell" if line.n < TOO_FEW else ""
    return f"{told}{few}; {percent(line.asked)} is asked."


def mend_text(line: Judged) -> str:
    """What would make one thing fit, in one sentence; empty where it is."""
    if line.state == "fit":
        return ""
    if line.dimension == "source":
        return "Ask for this source and give it along with the others."
    if line.state == "cannot tell":
        return _measure(line)
    if line.dimension == "late":
        assert line.days is not None
        return f"Agree to receive it {_days(line.days - line.asked)} sooner."
    return _mend_share(line)


def missing_to_fit(k: int, n: int, asked: float) -> int | None:
    """How many more of n must be good for the lower end of the interval to reach what is asked; None if all are too few."""
    if wilson(n, n).low < asked:
        return None
    low, high = 0, n - k
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if wilson(k + middle, n).low >= asked else (middle + 1, high)
    return low


def verdict_text(verdict: Verdict) -> tuple[str, str]:
    """What was found of the binding requirement, and what would make the data fit."""
    if verdict.binding is None:
        return verdict.demand.no_field, ""
    if verdict.state == "fit":
        return EVERYTHING, ""
    return found_text(verdict.binding), mend_text(verdict.binding)


def as_record(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `--json` writes it: what binds, what would make it fit, and every requirement."""
    found, mend = verdict_text(verdict)
    return {
        "demand": verdict.demand.id,
        "question": verdict.demand.label,
        "verdict": verdict.state,
        "binding": field_text(verdict.binding) if verdict.binding else "",
        "found": found,
        "would_make_it_fit": mend,
        "requirements": [
            {
                "field": field_text(line), "dimension": line.dimension, "asked": line.asked, "k": line.k,
                "n": line.n, "days": line.days, "verdict": line.state, "found": found_text(line),
                "would_make_it_fit": mend_text(line),
            }
            for line in verdict.lines
        ],
    }  # fmt: skip


def told_text(verdict: Verdict, *, whole: bool = False) -> str:
    """A verdict as lines for the screen. whole: with everything the question needs, not only what binds."""
    found, mend = verdict_text(verdict)
    lines = [f"{verdict.demand.id}  {verdict.state}: {verdict.demand.label}", f"     {found} {mend}".rstrip()]  # fmt: skip
    if whole:
        lines += [f"       {line.state:14} {found_text(line)}" for line in verdict.lines]
    return "\n".join(lines)


def of_state(verdicts: Sequence[Verdict], state: str) -> list[Verdict]:
    """The verdicts of one kind; all when no word is given. Raises UsageError for a word that is no verdict."""
    if state and state not in STATES:
        raise UsageError(
            "This is not a verdict.", found=state, allowed=", ".join(STATES),
            mend=did_you_mean(state, STATES),
        )  # fmt: skip
    return [v for v in verdicts if state in ("", v.state)]


def field_text(line: Judged) -> str:
    """The field, table or source that a requirement is about; `links` for those between the sources."""
    return ".".join(part for part in (line.source, line.table, line.column) if part) or "links"


def counts_text(verdicts: Sequence[Verdict]) -> str:
    """How many questions have each verdict, the best first."""
    counts = Counter(v.state for v in verdicts)
    told = ", ".join(f"{counts[s]} {s}" for s in reversed(STATES) if counts[s])
    asked = "1 question" if len(verdicts) == 1 else f"{len(verdicts)} questions"
    return f"{asked}: {told}." if told else "No question was asked."


def percent(share: float) -> str:
    """A share as people say it, rounded down so that it never seems to reach what it does not."""
    return f"{floor(share * 1000 + 1e-6) / 10:g}%"


def _mend_share(line: Judged) -> str:
    assert line.k is not None
    if line.dimension == "timeliness":
        return "What came late stays late: record within the year from now on."
    more = missing_to_fit(line.k, line.n, line.asked)
    if more is None:
        start = (
            f"All {line.n:,} are good, but"
            if line.k == line.n
            else f"Mend {line.n - line.k:,}; even then"
        )
        return f"{start} {line.n:,} are too few to be sure: add up several years."
    _, rows = _named(line)
    return {
        "completeness": f"Record it for {more:,} more of the {rows}.",
        "validity": f"Correct {more:,} of the values.",
        "uniqueness": f"Look at those that stand twice, and mend {more:,}.",
        "consistency": f"Clear the contradictions of {more:,} more of the children.",
        "linked": f"Make {more:,} more of them: fill in pupil numbers, birth dates and postcodes, and settle the pairs left for review.",
    }[line.dimension]


def _named(line: Judged) -> tuple[str, str]:
    """What a field or table is called and what its rows are."""
    for known in fields_of(line.source):
        if (known.table, known.column) == (line.table, line.column):
            return known.label, known.rows
    return (form_of(line.source).table(line.table).label if line.table else ""), "rows"


def _unknown(line: Judged) -> str:
    if line.dimension == "linked":
        return f"Not measured: how many of the links that should exist between the sources were made ({line.why})."
    label, rows = _named(line)
    source = source_label(line.source)
    if line.dimension in {"completeness", "validity"}:
        why = line.why if line.n or "row" not in line.why else f"there are no {rows}"
        return f"{_capital(label)} ({source}) was not measured: {why}."
    told = {
        "source": f"Not received: {source}.",
        "late": f"When {source} came is not known; the answer is needed {_days(line.asked)} after the period.",
        "consistency": f"Not measured for {source}: contradictions ({line.why}).",
        "timeliness": f"Not measured for {source}: how much came late ({line.why}).",
    }
    return told.get(line.dimension, f"{_capital(label)} was not measured: {line.why}.")


def _measure(line: Judged) -> str:
    """What would let one tell."""
    if line.n:
        return "Add up several years: ten are the fewest that say anything."
    return {
        "late": "Put the day into place.yaml and ask threecircles fit PLACE; for a return, --received tells it too.",
        "consistency": "Check the whole return, with every rule.",
        "timeliness": "Give last year's return, and this year's two returns together.",
        "linked": "Run the place, then: threecircles fit PLACE --links WORKSPACE.",
    }.get(line.dimension, "Ask for this field with the next delivery.")


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:,.0f} days"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
