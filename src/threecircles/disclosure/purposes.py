"""What children's data may be used for, and what never: without it every use would seem as good as another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from threecircles.core.errors import DefinitionError, NotPermitted, did_you_mean
from threecircles.definitions import Definition, load, load_folder, load_text

SHIPPED_LIST = "d486a159"
"""Fingerprint of the forbidden purposes' ids as shipped. The list may grow in a place's own file; a
shipped file that was shortened or reworded must stop the program, so the code holds what it was."""


@dataclass(frozen=True, kw_only=True)
class Purpose(Definition):
    """A use of children's data that can be permitted.

    lawful_basis, special_category_condition: ids of the law. allowed_actions: policy actions.
    tables: patterns of tables it may read. attributes: beyond person_public ("*" = all).
    identifiable: it may meet a child by name. names_immigration: it names immigration facts.
    """

    lawful_basis: tuple[str, ...]
    special_category_condition: tuple[str, ...]
    allowed_actions: tuple[str, ...]
    tables: tuple[str, ...]
    attributes: tuple[str, ...]
    retention: str
    identifiable: bool = False
    names_immigration: bool = False

    def may_read(self, table: str) -> bool:
        """True when the purpose names the table."""
        return any(fnmatchcase(table, pattern) for pattern in self.tables)


@dataclass(frozen=True, kw_only=True)
class ForbiddenPurpose:
    """A use that nobody can permit: id, words for children, reason, source."""

    id: str
    plain_words: str
    reason: str
    source: str


@dataclass(frozen=True, kw_only=True)
class ForbiddenList(Definition):
    """The file of forbidden purposes."""

    purposes: tuple[ForbiddenPurpose, ...]


def purposes() -> dict[str, Purpose]:
    """All purposes that can be permitted, by id."""
    return dict(_permitted())


@cache
def _permitted() -> tuple[tuple[str, Purpose], ...]:
    # Every decision asks for them: the folder is read once a process.
    return tuple((p.id, p) for p in load_folder("purposes/permitted", Purpose))


def forbidden(local: Path | None = None) -> dict[str, ForbiddenPurpose]:
    """All forbidden purposes, by id: the shipped ones and those a place adds in its own file.

    Raises DefinitionError when the shipped list was shortened, or when a permitted purpose bears
    the id of a forbidden one.
    """
    shipped = load("purposes/forbidden", ForbiddenList).purposes
    check_shipped(p.id for p in shipped)
    more: tuple[ForbiddenPurpose, ...] = ()
    if local is not None and local.exists():
        more = load_text(local.read_text(encoding="utf-8"), ForbiddenList, local.name).purposes
    both = {p.id: p for p in (*more, *shipped)}  # a place's file never rewords a shipped one
    clash = sorted(set(both) & set(purposes()))
    if clash:
        raise DefinitionError("A purpose is both permitted and forbidden.", found=", ".join(clash))
    return both


def check_shipped(ids: Iterable[str]) -> None:
    """Raise DefinitionError unless these are the ids the program was shipped with."""
    if fingerprint(ids) != SHIPPED_LIST:
        raise DefinitionError(
            "The shipped list of forbidden purposes was changed.",
            where="purposes/forbidden.yaml",
            mend="Put the file back as it was shipped; add further purposes in the place's own file.",
        )


def fingerprint(ids: Iterable[str]) -> str:
    """First eight hexadecimal digits of the SHA-256 of the sorted ids."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:8]


def purpose(named: str, local: Path | None = None) -> Purpose:
    """The purpose of that id. Raises NotPermitted when it is forbidden, or nobody defined it."""
    never = forbidden(local).get(named) or _named_in(named, forbidden(local))
    if never:
        raise NotPermitted(
            f"The purpose {never.id} is forbidden: no role, agreement or approver can permit it.",
            found=f"{never.plain_words} {never.reason}",
            allowed=", ".join(sorted(purposes())),
        )
    known = purposes()
    if named not in known:
        raise NotPermitted(
            f"There is no purpose called {named}.",
            allowed=", ".join(sorted(known)),
            mend=did_you_mean(named, known),
        )
    return known[named]


def _named_in(text: str, never: dict[str, ForbiddenPurpose]) -> ForbiddenPurpose | None:
    """A forbidden purpose whose words stand in a free text, for a person to reword."""
    words = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    return next((p for id, p in never.items() if id.replace("_", " ") in words), None)
