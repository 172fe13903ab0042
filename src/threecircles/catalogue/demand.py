"""The questions people brought, each with what answers it: without them a room could lose its reason unseen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from rapidfuzz import fuzz

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import Definition
from threecircles.definitions.loader import load_folder

HOME = Path(__file__).parent / "data"
LagFrom = Literal["period", "receipt", "request"]
"""What the days of an answer count from: the end of the period, the day the data came, or the day somebody asks."""
CLOSE = 90
"""Two words this alike (of 100) are taken for one word with a slip of the pen."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What answers a question. command: of `threecircles`; page: of the pack, or a path of the web pages.

    acceptance: statements of the room's specification. not_built: why there is no answer yet; empty where the
    command and the page exist. Whether a statement holds is said by docs/reference/acceptance.md.
    """

    room: str
    acceptance: list[str]
    command: str = ""
    page: str = ""
    not_built: str = ""

    def __post_init__(self) -> None:
        if not (self.command or self.page):
            raise ValueError(f"{self.room}: an answer names a command or a page.")
        if not self.acceptance:
            raise ValueError(f"{self.room}: an answer names the statements it is held to.")


@dataclass(frozen=True)
class Need:
    """A field without which a question has no good answer. grade: how it is used, one of the thresholds' grades."""

    source: str
    table: str
    column: str
    grade: str


@dataclass(frozen=True, kw_only=True)
class Demand(Definition):
    """A question and for whom it is asked. label: the question or decision.

    grain: unit and geography. lag_days: days by which the answer is of use, counted from lag_from: the period's
    end, the receipt of the data, or the request of the one who asks. Only the first asks anything of the sources:
    an answer a day after the files came, or a month after a person asked what is held, is slow through us, and
    never through the sources. Who is known to whom now, and what was said in a decision of last week, count from
    the period's end, since a source that comes later knows nothing of it. linkage: what must be joined.
    Either met_by or not_planned (a reason) is filled in, never neither.
    needs: field (source.table.column) -> grade. links: sources whose children should be found in
    another source too, so not the roll of all pupils. no_field: why no field can serve; empty where needs are stated.
    """

    audience: list[str]
    population: str
    grain: str
    lag_days: int
    lag_from: LagFrom = "period"
    linkage: str = ""
    met_by: list[Answer] = field(default_factory=list)
    not_planned: str = ""
    needs: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    no_field: str = ""

    def __post_init__(self) -> None:
        if bool(self.met_by) == bool(self.not_planned):
            raise ValueError(f"{self.id} names what answers it, or why nothing is planned to.")
        if self.lag_from not in get_args(LagFrom):
            raise ValueError(
                f"{self.id}: lag_from is one of {', '.join(get_args(LagFrom))}, not {self.lag_from}."
            )
        if self.needs and self.no_field:
            raise ValueError(f"{self.id} needs fields, or says why none can serve, never both.")
        if odd := [name for name in self.needs if name.count(".") != 2]:
            raise ValueError(f"{self.id}: {odd[0]} is not source.table.column.")

    @property
    def fields(self) -> tuple[Need, ...]:
        """The fields it needs, in the order of its file."""
        return tuple(
            Need(source, table, column, grade)
            for name, grade in self.needs.items()
            for source, table, column in [name.split(".")]
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources it needs, each once."""
        return tuple(dict.fromkeys([*(n.source for n in self.fields), *self.links]))

    @property
    def status(self) -> str:
        """answered, answered in part, not built yet, or not planned."""
        if self.not_planned:
            return "not planned"
        built = [not a.not_built for a in self.met_by]
        return "answered" if all(built) else "answered in part" if any(built) else "not built yet"


def demands() -> tuple[Demand, ...]:
    """Every question shipped, d01 first. Raises DefinitionError with file and line."""
    return load_folder("demand", Demand, HOME)


def question(demand_id: str) -> Demand:
    """One question by its id. Raises UsageError, with the nearest id, for one that is not shipped."""
    held = {d.id: d for d in demands()}
    found = held.get(demand_id.strip().casefold())
    if found is None:
        near = did_you_mean(demand_id, held)
        listed = "`threecircles catalogue demands` lists all."
        raise UsageError(
            f"There is no question {demand_id}.", mend=f"{near} {listed}" if near else listed
        )
    return found


def find(text: str, among: Iterable[Demand] | None = None) -> list[Demand]:
    """Questions that hold every word of a text, the words of few questions first; slips of the pen are forgiven.

    Question, audience, population, linkage, commands and pages are searched. Raises UsageError for an empty text.
    """
    wanted = _words(text)
    if not wanted:
        raise UsageError(
            "There is no word to look for.", mend="For example: threecircles catalogue find ward"
        )
    held = [(d, _words(_said(d))) for d in (demands() if among is None else among)]
    found = [(d, sum(_near(w, words) for w in wanted)) for d, words in held]
    whole = [d for d, hits in found if hits == len(wanted)]
    return whole or [d for d, hits in found if hits and hits * 2 >= len(wanted)]


def _said(demand: Demand) -> str:
    answers = (f"{a.room} {a.command} {a.page}" for a in demand.met_by)
    return " ".join(
        (
            demand.id,
            demand.label,
            *demand.audience,
            demand.population,
            demand.grain,
            demand.linkage,
            *answers,
        )
    )


def _words(text: str) -> set[str]:
    """Words without accents, capitals, punctuation and the plural s."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return {w.removesuffix("s") if len(w) > 3 else w for w in re.findall(r"[a-z0-9]+", plain)}


def _near(word: str, words: set[str]) -> bool:
    return word in words or (
        len(word) > 4 and any(fuzz.ratio(word, other) >= CLOSE for other in words)
    )
