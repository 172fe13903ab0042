"""Questionnaires as data: without them two boroughs could not know that they asked the same thing.

A questionnaire names modules; a module names pages; a page is one question, or every question of a
measure in turn. The core cannot be edited: its hash is taken over codes, answers, conditions and the
first wording, and only equal hashes are compared between authorities.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions import HOME, Definition, load
from threecircles.survey import conditions
from threecircles.survey.measures import Measure, measure, response_sets

ItemType = Literal[
    "single", "multiple", "scale_0_10", "number", "text", "place", "date_month", "info"
]
Mode = Literal["standard", "easy_read", "symbol"]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One question of a module's own (code, type), or questions of a measure, one a screen.

    With a measure, code picks one of its questions; without it all are asked. choices: answers of the
    question's own, where it takes no shipped set.
    """

    measure: str = ""
    code: str = ""
    type: ItemType = "single"
    options: str = ""
    ask_if: str = ""
    prefer_not: bool = True
    sensitivity: Literal["none", "some", "high"] = "none"
    symbol: str = ""
    longest: int = 500
    stop_rule: str = ""
    choices: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Module(Definition):
    """Questions that are asked together. kind core: nobody may edit it."""

    kind: Literal["core", "bolt_on", "bespoke"]
    pages: list[Page]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Modules of which each child is given some: `give` of them, in an order drawn from the seed."""

    modules: list[str]
    give: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Questionnaire(Definition):
    """What one group of people is asked."""

    version: str
    respondent: Literal["pupil", "parent", "young_person", "anyone"]
    ages: list[int]
    modules: list[str]
    languages: list[str]
    modes: list[Mode] = field(default_factory=lambda: ["standard"])
    rotate: Rotation | None = None
    equivalent: bool = False
    losses: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One screen's question, whatever it came from. options: its set of answers, "" for none.

    ask_if: the tree of its condition. measure: "" for a module's own question. place: of the file.
    """

    code: str
    module: str
    kind: str
    type: ItemType
    options: str = ""
    ask_if: conditions.Tree | None = None
    prefer_not: bool = True
    sensitivity: str = "none"
    symbol: str = ""
    measure: str = ""
    longest: int = 500
    choices: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The answers that may be given, as text."""
        if self.type == "scale_0_10":
            return tuple(str(v) for v in range(11))
        if self.choices:
            return self.choices
        return tuple(r["value"] for r in response_sets() if r["set"] == self.options)


def questionnaire(name: str, home: Path = HOME) -> Questionnaire:
    """One questionnaire, checked. Raises DefinitionError with the file."""
    own = (home / f"questionnaires/{name}.yaml").exists()
    found = load(f"questionnaires/{name}", Questionnaire, home if own else HOME)
    items(found, home)
    return found


def questionnaires(home: Path = HOME) -> tuple[Questionnaire, ...]:
    """All questionnaires of a folder, checked."""
    return tuple(
        questionnaire(p.stem, home) for p in sorted((home / "questionnaires").glob("*.yaml"))
    )


def module(name: str, home: Path = HOME) -> Module:
    """One module: of the workspace's own folder, else of those shipped."""
    folder = home if (home / f"questionnaires/modules/{name}.yaml").exists() else HOME
    return load(f"questionnaires/modules/{name}", Module, folder)


def items(found: Questionnaire, home: Path = HOME) -> tuple[Item, ...]:
    """Every question in order. Raises DefinitionError for a code asked twice or a look ahead."""
    asked: dict[str, Item] = {}
    for name in found.modules:
        part = module(name, home)
        for item in _items(part):
            where = f"questionnaires/modules/{name}.yaml"
            if item.code in asked:
                raise DefinitionError(
                    f"The question {item.code} is asked twice.", where=where,
                    found=f"{asked[item.code].module} and {name}",
                )  # fmt: skip
            if item.ask_if is not None:
                _check_names(item, asked, where)
            asked[item.code] = item
    if found.rotate is not None:
        _check_rotation(found)
    return tuple(asked.values())


def measures_of(found: Questionnaire, home: Path = HOME) -> tuple[Measure, ...]:
    """The measures a questionnaire asks, in order."""
    names = dict.fromkeys(i.measure for i in items(found, home) if i.measure)
    return tuple(measure(n) for n in names)


def item_hash(item: Item, text: str) -> str:
    """What makes a question the same question: code, type, answers, condition and first wording."""
    told = [item.code, item.type, item.values, item.ask_if, text]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:16]


def core_hash(found: Questionnaire, home: Path = HOME) -> str:
    """The hash of the core: comparisons between authorities need it equal."""
    from threecircles.survey.wording import item_text

    core = [i for i in items(found, home) if i.kind == "core"]
    parts = [item_hash(i, item_text(i, "en", home)) for i in core]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def _items(part: Module) -> Iterator[Item]:
    for number, page in enumerate(part.pages):
        where = f"questionnaires/modules/{part.id}.yaml, page {number + 1}"
        tree = conditions.parse(page.ask_if, where) if page.ask_if else None
        if page.measure:
            known = measure(page.measure)
            if page.code and page.code not in {i.code for i in known.items}:
                raise DefinitionError(
                    f"The measure {known.id} has no such question.", where=where, found=page.code
                )
            for own in known.items:
                if page.code and own.code != page.code:
                    continue
                yield Item(
                    own.code, part.id, part.kind, "single", own.options, tree, page.prefer_not,
                    known.sensitivity, own.symbol, known.id,
                )  # fmt: skip
            continue
        if not page.code:
            raise DefinitionError("A page names a measure or a question's code.", where=where)
        if page.type in ("single", "multiple") and not page.options and not page.choices:
            raise DefinitionError(f"The question {page.code} names no answers.", where=where)
        known_sets = {r["set"] for r in response_sets()}
        if page.options and page.options not in known_sets:
            raise DefinitionError(
                f"The question {page.code} names an unknown set of answers.", where=where,
                found=page.options, mend=did_you_mean(page.options, known_sets),
            )  # fmt: skip
        yield Item(page.code, part.id, part.kind, page.type, page.options or (page.code if page.choices else ""), tree, page.prefer_not, page.sensitivity, page.symbol, "", page.longest, tuple(page.choices))  # fmt: skip


def _check_names(item: Item, earlier: dict[str, Item], where: str) -> None:
    known = {*earlier, *conditions.ATTRIBUTES}
    for name in sorted(conditions.names(item.ask_if or [])):
        if name not in known:
            raise DefinitionError(
                f"The condition of {item.code} looks at a question that is not asked before it.",
                where=where, found=name, mend=did_you_mean(name, known),
            )  # fmt: skip


def _check_rotation(found: Questionnaire) -> None:
    rotate = found.rotate
    unknown = [m for m in rotate.modules if m not in found.modules] if rotate else []
    if rotate and (unknown or not 0 < rotate.give <= len(rotate.modules)):
        raise DefinitionError(
            "The rotation names modules that are not asked, or gives more than there are.",
            where=f"questionnaires/{found.id}.yaml",
            found=", ".join(unknown) or str(rotate.give),
            allowed=", ".join(found.modules),
        )
