"""The abstraction form as data: without it five agencies would write down five kinds of facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from threecircles.core.errors import DefinitionError, UsageError, did_you_mean
from threecircles.definitions import HOME, Definition, load

UNKNOWN, NOT_IN_FILE = "unknown", "not_in_file"
BLANKS = {UNKNOWN: "Unknown", NOT_IN_FILE: "Not in file"}
"""Answers that every question takes: the file leaves it open, or does not speak of it."""
LONGEST = 300
"""Characters of a text that are kept."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One step of an ordered scale."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Scale(Definition):
    """An ordered scale, lowest first (definitions/audit_scales)."""

    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. set: of the form's sets of answers; scale: an ordered scale in its place."""

    code: str
    text: str
    type: Literal["single", "multiple", "number", "month", "text"] = "single"
    set: str = "yes_no"
    scale: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Questions under one heading. agencies: only in their forms; repeat: asked so many times over."""

    id: str
    label: str
    fields: tuple[Question, ...]
    agencies: tuple[str, ...] = ()
    repeat: int = 1


@dataclass(frozen=True, kw_only=True)
class FormDefinition(Definition):
    """definitions/audit_forms/<id>.yaml."""

    version: str
    sets: dict[str, dict[str, str]]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Field:
    """A question as it is asked. choices: value -> label, in order; ordered: they are steps of a scale."""

    code: str
    text: str
    part: str
    type: str
    choices: dict[str, str] = field(default_factory=dict)
    ordered: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The answers a reader may tick, the two blanks among them."""
        return (*self.choices, *BLANKS)


@dataclass(frozen=True)
class Form:
    """The form of an agency ("" = every question there is)."""

    id: str
    version: str
    label: str
    caveat: str
    parts: tuple[tuple[str, tuple[Field, ...]], ...]

    @property
    def fields(self) -> dict[str, Field]:
        """Every field, by code, in order."""
        return {f.code: f for _, part in self.parts for f in part}

    def of_part(self, part: str) -> list[Field]:
        """The fields of one part by its id."""
        return [f for f in self.fields.values() if f.part == part]


@cache
def form(name: str = "standard", agency: str = "", home: Path = HOME) -> Form:
    """The form of one agency, as its definition says. home: a folder of definitions of one's own.

    Raises DefinitionError for a code asked twice, or a set or scale that is not there.
    """
    told = load(f"audit_forms/{name}", FormDefinition, home)
    parts = []
    for part in told.parts:
        if agency and part.agencies and _plain(agency) not in part.agencies:
            continue
        asked = tuple(f for n in range(1, part.repeat + 1) for f in _asked(told, part, n, home))
        parts.append((part.label, asked))
    codes = [f.code for _, asked in parts for f in asked]
    twice = sorted({c for c in codes if codes.count(c) > 1})
    if twice:
        raise DefinitionError(
            "A question is asked twice.", where=f"audit_forms/{name}.yaml", found=", ".join(twice)
        )
    return Form(told.id, told.version, told.label, told.caveat, tuple(parts))


def scale(name: str, home: Path = HOME) -> Scale:
    """One ordered scale. Raises DefinitionError when it is not there."""
    return load(f"audit_scales/{name}", Scale, home)


def checked(asked: Field, value: str) -> str:
    """An answer as it is kept; "" for none yet. Several answers are joined by ";".

    Raises UsageError saying what may stand there.
    """
    told = value.strip()
    if told in ("", *BLANKS):
        return told
    if asked.type == "text":
        return " ".join(told.split())[:LONGEST]
    if asked.type == "number" and re.fullmatch(r"\d{1,3}", told):
        return str(int(told))
    if asked.type == "month" and re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", told):
        return told
    if asked.type == "multiple":
        parts = [p.strip() for p in told.split(";") if p.strip()]
        if set(parts) <= set(asked.choices):
            return ";".join(c for c in asked.choices if c in parts)
    if asked.type == "single" and told in asked.choices:
        return told
    raise UsageError(
        f"{asked.code} holds an answer that the form does not know.",
        found=value, allowed=", ".join(_allowed(asked)), mend=did_you_mean(told, asked.values),
    )  # fmt: skip


def _allowed(asked: Field) -> Iterable[str]:
    shapes = {"number": "a whole number to 999", "month": "a month such as 2026-03"}
    return (shapes[asked.type], *BLANKS) if asked.type in shapes else asked.values


def _asked(told: FormDefinition, part: Part, number: int, home: Path) -> Iterable[Field]:
    for q in part.fields:
        code = f"{q.code}_{number}" if part.repeat > 1 else q.code
        text = f"{q.text}, service {number}" if part.repeat > 1 else q.text
        choices: dict[str, str] = {}
        if q.type in ("single", "multiple"):
            if q.scale:
                choices = {step.value: step.label for step in scale(q.scale, home).levels}
            elif q.set in told.sets:
                choices = dict(told.sets[q.set])
            else:
                raise DefinitionError(
                    f"The question {q.code} names a set of answers that is not there.",
                    where=f"audit_forms/{told.id}.yaml",
                    found=q.set,
                    mend=did_you_mean(q.set, told.sets),
                )
        yield Field(code, text, part.id, q.type, choices, bool(q.scale))


def _plain(agency: str) -> str:
    return agency.strip().lower().replace(" ", "_").replace("-", "_")
