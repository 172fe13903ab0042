"""What stands in a field, one kind a row: without it a refusal, a blank and what is not yet due would be one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from threecircles.definitions.loader import read_csv
from threecircles.quality.tally import Tally

KINDS = (
    "not applicable", "not yet due", "refused", "not obtained", "unknown code", "blank", "present",
)  # fmt: skip
"""Every kind; of two that fit a row the earlier holds."""

COUNTED = ("present", "not obtained", "unknown code", "blank")
"""The kinds that completeness is of; k is those present.

Not obtained (NOBT, N0) counts as not complete, as the specification says. A refusal does not: it is an answer, so
there is nothing left to chase, yet the value is not known. It is in neither k nor n, as what is not applicable and
what is not yet due are. A row that is not due is apart even where it was filled early: if only those filled were
counted, whoever is early would flatter the share.
"""

TABLE = {
    "source": pl.String,
    "year": pl.Int64,
    "table": pl.String,
    "column": pl.String,
    "label": pl.String,
    "rows": pl.Int64,
    **{kind.replace(" ", "_"): pl.Int64 for kind in reversed(KINDS)},
}
"""Columns of the table of kinds; the last seven add up to rows."""


@dataclass(frozen=True)
class KindRule:
    """When a row is of a kind: by codes of the field itself, or by SQL (`when`); one of them is given."""

    kind: str
    codes: tuple[str, ...]
    when: str


@cache
def kind_rules(source: str, table: str, column: str) -> tuple[KindRule, ...]:
    """What the definitions say of one field of a source, or of the return cin or 903."""
    return tuple(
        KindRule(row["kind"], tuple(row["codes"].split()), row["when"])
        for row in read_csv("rules/field_kinds")
        if (row["source"], row["table"], row["column"]) == (source, table, column)
    )


def kind_sql(
    column: str, applies_when: str, unknown: Sequence[str], rules: Sequence[KindRule]
) -> str:
    """SQL for the kind of each row, as its place in KINDS; every row has one, so that they add up."""
    told = {kind: "false" for kind in KINDS} | {
        "not applicable": f"not coalesce(({applies_when}), false)",
        "unknown code": _among(column, unknown),
        "blank": f"{column} is null",
    }
    for rule in rules:
        own = f"({rule.when})" if rule.when else _among(column, rule.codes)
        told[rule.kind] += f" or coalesce({own}, false)"
    cases = " ".join(f"when {told[kind]} then {n}" for n, kind in enumerate(KINDS[:-1]))
    return f"case {cases} else {len(KINDS) - 1} end"


def counts(kinds: pl.Series) -> dict[str, int]:
    """Kind -> rows, of places in KINDS; every kind stands in it."""
    found = dict(zip(*kinds.value_counts().to_dict(as_series=False).values(), strict=True))
    return {kind: int(found.get(n, 0)) for n, kind in enumerate(KINDS)}


def kinds_table(source: str, year: int, tallies: Sequence[Tally]) -> pl.DataFrame:
    """One line per field: how many rows there are, and how many of each kind. Columns: TABLE."""
    lines = [_line(source, year, t, t.kinds) for t in tallies if t.kinds]
    return pl.DataFrame(lines, schema=TABLE)


def kinds_text(line: Mapping[str, object]) -> str:
    """One line of the table in words, kinds that no row has left out."""
    told = [f"{line[kind.replace(' ', '_')]:,} {kind}" for kind in reversed(KINDS) if line[kind.replace(" ", "_")]]  # fmt: skip
    return f"{line['rows']:,} rows: {', '.join(told)}" if told else "no rows"


def _line(source: str, year: int, tally: Tally, kinds: Mapping[str, int]) -> dict[str, object]:
    place = {"source": source, "year": year, "table": tally.table, "column": tally.column}
    own = {kind.replace(" ", "_"): n for kind, n in kinds.items()}
    return place | {"label": tally.label, "rows": sum(kinds.values())} | own


def _among(column: str, codes: Sequence[str]) -> str:
    listed = ", ".join("'" + code.replace("'", "''") + "'" for code in codes)
    return f"coalesce({column} in ({listed}), false)" if codes else "false"
