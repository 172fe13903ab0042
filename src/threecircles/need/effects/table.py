"""What was evaluated, as a table that can be released: without it a result would reach no page with its word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import DefinitionError
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.need.effects.result import Result

TABLE = "evaluations"
VALUES = ("value", "low", "high", "numerator", "denominator", "n")


def read_result(path: Path) -> Result:
    """A result as `need effect estimate --json` wrote it. Raises DefinitionError for anything else."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Result(**{k: v for k, v in told.items() if k in {f.name for f in fields(Result)}})
    except (ValueError, TypeError, AttributeError) as error:
        raise DefinitionError(
            "This is not the result of an evaluation.",
            where=path.name,
            mend="Write it with: threecircles need effect estimate PLAN --rows FILE --json FILE",
        ) from error


def evaluations_table(results: Sequence[Result], period: str) -> Measured | None:
    """evaluations: one row an evaluation and measure; None when none came to a figure.

    Columns: evaluation (plan), word (what the figure may be called, as a category, so that no form of the
    table can lack it), measure (difference; lost_share where it is known) and values.
    """
    told = [r for r in results if r.value is not None and r.word]
    if not told:
        return None
    rows: list[dict[str, Any]] = []
    for r in told:
        key = {"evaluation": r.plan_id, "word": r.word}
        rows.append(
            key
            | {"measure": "difference", "value": r.value, "low": r.low, "high": r.high, "n": r.n}
        )
        if "share" in r.lost:
            rows.append(key | {"measure": "lost_share", "value": r.lost["share"], "n": r.n})
    schema: dict[str, Any] = dict.fromkeys(("evaluation", "word", "measure"), pl.String)
    schema |= dict.fromkeys(VALUES, pl.Float64) | {"n": pl.Int64, "reason": pl.String}
    words = tuple(dict.fromkeys(r.word for r in told))
    spec = TableSpec(
        id=TABLE,
        title="What services changed",
        population="observations-evaluated",
        period=period,
        unit="the outcome's own scale",
        dimensions=(
            Dimension(
                column="evaluation", label="Evaluation", order=tuple(r.plan_id for r in told),
                labels={r.plan_id: r.label or r.plan_id for r in told},
            ),
            Dimension(column="word", label="What the figure may be called", order=words, labels={w: w for w in words}),
        ),
        kind="mean",
        values=VALUES,
        page="outcomes",
        notes=tuple(f"{r.label or r.plan_id}. {r.sentence} {r.locked} {unmeasured(r)}" for r in told),
        definitions=tuple(f"{r.plan_id}@{r.plan_hash[:12]}" for r in told),
        sources=(),
        step="need.effects",
    )  # fmt: skip
    return Measured(
        spec, pl.DataFrame([{c: r.get(c) for c in schema} for r in rows], schema=schema)
    )


def unmeasured(result: Result) -> str:
    """What nobody measured could still do, in a sentence."""
    if result.design in ("randomised", "stepped_wedge") and result.word == "effect":
        return "Who had it first was drawn by lot."
    strength = result.sensitivity.get("robustness_value")
    if strength is None:
        return "A cause that nobody measured could explain it."
    return f"A cause nobody measured that explains {100 * strength:.0f}% of both could explain it away."
