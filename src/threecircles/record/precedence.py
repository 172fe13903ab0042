"""Where sources disagree about a person, a written rule chooses and the disagreement is kept."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from threecircles.definitions import Definition, load
from threecircles.record.schema import conform
from threecircles.record.tables import table


@dataclass(frozen=True, kw_only=True)
class Precedence(Definition):
    """Sources in order of trust, by attribute and by process (definitions/record/precedence.yaml).

    not_said: values that state nothing and disagree with nobody.
    """

    not_said: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]
    processes: dict[str, tuple[str, ...]]


def precedence() -> Precedence:
    """The shipped rule."""
    return load("record/precedence", Precedence)


def conflicts(facts: pl.DataFrame, rule: Precedence) -> pl.DataFrame:
    """The table `conflict`: persons of whom sources say different things.

    facts: person_id, source, and a text column for each attribute of the rule; null says nothing.
    The first source of the attribute's list that says something is chosen; within one source the
    value said most often, then the first in order of letters.
    """
    found = [
        _of(facts, name, order, rule)
        for name, order in rule.attributes.items()
        if name in facts.columns
    ]
    filled = [f for f in found if f.height]
    joined = pl.concat(filled) if filled else pl.DataFrame()
    return conform(joined, table("conflict")).sort("person_id", "attribute")


def _of(facts: pl.DataFrame, name: str, order: tuple[str, ...], rule: Precedence) -> pl.DataFrame:
    rank = {source: i for i, source in enumerate(order)}
    said = (
        facts.select("person_id", "source", value=pl.col(name).cast(pl.String))
        .filter(pl.col("value").is_not_null() & ~pl.col("value").is_in(rule.not_said))
        .group_by("person_id", "source", "value")
        .agg(_times=pl.len())
        .with_columns(
            _rank=pl.col("source").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
        )
        .sort(
            "person_id", "_rank", "_times", "value", "source",
            descending=[False, False, True, False, False],
        )
    )  # fmt: skip
    return (
        said.group_by("person_id", maintain_order=True)
        .agg(values=pl.col("value"), sources=pl.col("source"), chosen=pl.col("value").first())
        .filter(pl.col("values").list.n_unique() > 1)
        .with_columns(
            attribute=pl.lit(name),
            rule=pl.lit(f"{rule.id}: {name} as {', '.join(order)} say, in that order"),
        )
    )


def settle(persons: pl.DataFrame, disputed: pl.DataFrame) -> pl.DataFrame:
    """Persons with the chosen value wherever a conflict was settled."""
    for name in ("sex", "ethnic_group"):
        chosen = disputed.filter(pl.col("attribute") == name).select("person_id", _chosen="chosen")
        persons = (
            persons.join(chosen, on="person_id", how="left", maintain_order="left")
            .with_columns(pl.coalesce("_chosen", name).alias(name))
            .drop("_chosen")
        )
    return persons
