"""What earlier releases show and hide of the cells of new tables: what is out is out, and what was hidden stays hidden.

Without it a second release would hide what readers have already, which protects nothing, or show what the
first hid for the sake of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from threecircles.core.tables import Measured
from threecircles.core.workspace import Workspace
from threecircles.disclosure import ledger
from threecircles.disclosure.cast import Cast, children_of, quantities
from threecircles.disclosure.cells import Key
from threecircles.disclosure.lattice import Key as Written
from threecircles.disclosure.linear import TINY, Floats
from threecircles.disclosure.numbers import told
from threecircles.disclosure.reader_sums import a_year_after, a_year_before
from threecircles.disclosure.sums import Bools, Sums
from threecircles.disclosure.suppress import Wish


@dataclass(frozen=True)
class Before:
    """Cells (children, quantity as measured, group) that are out with their figure, and those that were hidden."""

    shown: dict[Key, set[float]] = field(default_factory=dict)
    hidden: frozenset[Key] = frozenset()

    def reckoned(
        self, made: Cast, problem: tuple[Sums, Floats, Wish, Bools]
    ) -> tuple[Sums, Floats, Wish, Bools]:
        """The problem with what readers know from before: such cells are neither hidden nor given back."""
        sums, value, wish, unshown = problem
        out, gone = np.zeros(value.size, bool), np.zeros(value.size, bool)
        for key, figures in self.shown.items():
            at = _number(made, key)
            # Another figure counts other children: the ledger judges what both tell together.
            if at is not None and any(abs(value[at] - f) < TINY for f in figures):
                out[at] = True
        gone[[at for key in self.hidden if (at := _number(made, key)) is not None]] = True
        known = replace(
            sums,
            lower=np.where(out, value, sums.lower),
            upper=np.where(out, value, sums.upper),
        )
        cost = np.where(out, np.inf, wish.cost)
        asked = replace(wish, primary=wish.primary & ~out, cost=cost)
        return known, value, asked, unshown | (gone & ~out) | (wish.primary & out)


def before(workspace: Workspace, tables: Sequence[Measured]) -> Before:
    """What the ledger says of the cells of new tables, and of those of other years that are the same.

    A made-up place that plays by itself is made anew at will: of its own period nothing is out.
    """
    shown: dict[Key, set[float]] = {}
    hidden: set[Key] = set()
    again = not (workspace.fictitious and not (workspace.path / "access.yaml").exists())
    own = dict(_cells(tables))
    asked = {
        written: key
        for key, cell in own.items()
        for written in {cell, a_year_before(cell), a_year_after(cell)}
        if again or written != cell
    }
    for written, texts in ledger.told_of(workspace.path, asked).items():
        key = asked[written]
        figures = {t.value for text in texts if (t := told(text)) is not None and t.value is not None}  # fmt: skip
        if figures:
            shown.setdefault(key, set()).update(figures)
        else:
            hidden.add(key)
    return Before(shown, frozenset(hidden - shown.keys()))


def _cells(tables: Sequence[Measured]) -> Iterator[tuple[Key, Written]]:
    """The cells of tables, as protection and as the ledger name them."""
    for table in tables:
        children = children_of(table.spec)
        for q in quantities(table):
            for group in q.values:
                yield (children, q.name, group), (f"{q.name}|{children}", tuple(sorted(group)))


def _number(made: Cast, key: Key) -> int | None:
    children, quantity, group = key
    name = made.register.names.get(children, {}).get(quantity, quantity)
    return made.register.number.get((children, name, group))
