"""Macros and views that rules share, held as data: without them each rule would define care its own way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from threecircles.core.errors import DefinitionError, did_you_mean
from threecircles.definitions import load_folder


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A scalar SQL expression with parameters, by name."""

    id: str
    label: str
    source: str
    parameters: tuple[str, ...]
    sql: str
    description: str = ""

    def statement(self) -> str:
        """The SQL that makes it."""
        return f"create macro {self.id}({', '.join(self.parameters)}) as ({self.sql})"


@dataclass(frozen=True, kw_only=True)
class View:
    """A table made once per run, when a running rule needs it.

    needs: what it reads, as in a rule; a rule that uses the view is skipped when these are absent.
    optional, any_of, references: as in a rule. views: other views it reads.
    """

    id: str
    label: str
    source: str
    needs: dict[str, tuple[str, ...]]
    query: str
    description: str = ""
    optional: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    references: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


@cache
def macros() -> tuple[Macro, ...]:
    """All shared macros."""
    return load_folder("rules/macros", Macro)


@cache
def views(return_name: str) -> dict[str, View]:
    """The shared views of a return, by name."""
    return {view.id: view for view in load_folder(f"rules/{return_name}/views", View)}


def with_parents(names: tuple[str, ...], return_name: str) -> tuple[View, ...]:
    """The named views and those they read, each after what it reads.

    Raises DefinitionError for a view that does not exist.
    """
    known, found = views(return_name), {}

    def add(name: str) -> None:
        if name in found:
            return
        if name not in known:
            raise DefinitionError(
                f"There is no shared view called {name}.", mend=did_you_mean(name, known)
            )
        for parent in known[name].views:
            add(parent)
        found[name] = known[name]

    for name in names:
        add(name)
    return tuple(found.values())
