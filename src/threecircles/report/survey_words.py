"""Words for the figures of a survey: what was asked, which answers could be given, which way is better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from threecircles.report.released import Released
from threecircles.survey.measures import Measure, measure, response_sets
from threecircles.survey.wording import wording

FEW = 30
"""Below this number a figure is marked: few pupils stand behind it."""


@dataclass(frozen=True)
class Topic:
    """A measure as a page shows it. names: the answers that could be given, in order."""

    measure: Measure
    title: str
    stem: str
    questions: tuple[tuple[str, str], ...]
    values: tuple[str, ...]
    names: tuple[str, ...]
    scale: str

    @property
    def better(self) -> bool:
        """Whether higher scores are better."""
        return bool(self.measure.scales) and self.measure.scales[0].direction == "higher_is_better"


def topics(table: Released) -> tuple[Topic, ...]:
    """The measures that a table of answers holds; strengths first."""
    return topics_of(table.safe.spec.definitions, {m.partition(":")[0] for m in table.measures()})


def topics_of(definitions: Iterable[str], codes: set[str]) -> tuple[Topic, ...]:
    """The measures among some definitions of which these questions were asked; strengths first."""
    found = []
    for name in definitions:
        if "@" in name:
            continue
        known = measure(name)
        items = [i for i in known.items if i.code in codes]
        if items:
            found.append(_topic(known, items[0].options, codes))
    return tuple(sorted(found, key=lambda t: not t.better))


def _topic(known: Measure, options: str, codes: set[str]) -> Topic:
    words = wording("measures", known.id, "en")
    rows = [r for r in response_sets() if r["set"] == options]
    texts = words.items if words else {}
    return Topic(
        known,
        known.label,
        words.stem if words else "",
        tuple((i.code, texts.get(i.code, i.code)) for i in known.items if i.code in codes),
        tuple(r["value"] for r in rows),
        tuple(r["label"] or r["value"] for r in rows),
        known.scales[0].id if known.scales else "",
    )


def few(n: float | None) -> str:
    """A mark in words for figures with few pupils behind them."""
    return "few pupils" if n is not None and n < FEW else f"{FEW} or more"
