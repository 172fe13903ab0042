"""What a hurried reader would find of a planted service: without it nobody would see why a design is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl


def planted_lines(truth: Path) -> list[str]:
    """Lines for `synth describe`: every service with its true effect, and the naive figures of two of them.

    truth: the folder of truth tables. Before and after of users, and users beside all others as they come.
    """
    effects = pl.read_parquet(truth / "effects.parquet")
    lines = ["", "Services with a planted effect (truth/effects.parquet), and what would mislead:"]
    for row in effects.iter_rows(named=True):
        sign = "" if "ratio" in row["scale"] else "+"
        lines.append(
            f"  {row['effect']}: {row['service']}, {row['outcome']}: {row['true_effect']:{sign}.2f} ({row['scale']}); {row['misleads']}"
        )
    lines += _users(truth, effects) + _holiday(truth, effects)
    return lines


def _users(truth: Path, effects: pl.DataFrame) -> list[str]:
    if effects.filter(pl.col("effect") == "fx-users").is_empty():
        return []
    users = pl.read_parquet(truth / "effect_change.parquet").filter(
        (pl.col("effect") == "fx-users") & pl.col("used")
    )
    change = before_after(users)
    planted = effects.filter(pl.col("effect") == "fx-users")["true_effect"][0]
    return [
        f"Before and after alone would say {change:+.2f} sd of fx-users: off by {abs(change - planted):.2f}."
    ]


def before_after(users: pl.DataFrame) -> float:
    """Mean change of users. Columns before, after."""
    return float((users["after"] - users["before"]).mean() or 0.0)  # type: ignore[arg-type]


def _holiday(truth: Path, effects: pl.DataFrame) -> list[str]:
    if effects.filter(pl.col("effect") == "fx-null").is_empty():
        return []
    ratio = users_and_others(
        pl.read_parquet(truth / "exposure.parquet"),
        pl.read_parquet(truth / "first_referral.parquet"),
    )
    if not np.isfinite(ratio):
        return []
    planted = effects.filter(pl.col("effect") == "fx-null")["true_effect"][0]
    return [
        f"Users beside others as they come would say {ratio:.2f} times the referrals of fx-null: planted {planted:.2f}."
    ]


def users_and_others(exposure: pl.DataFrame, first: pl.DataFrame) -> float:
    """First referrals a child of users of the holiday scheme over those of others, from its start on."""
    mine = exposure.filter(pl.col("effect") == "fx-null").join(first, on="person_id", how="left")
    mine = mine.filter(pl.col("day").is_null() | (pl.col("day") >= pl.col("start")))
    rate = {used: rows["day"].is_not_null().mean() for (used,), rows in mine.group_by("used")}
    others = rate.get(False)
    return float(rate.get(True, np.nan) / others) if others else float("nan")  # type: ignore[operator, arg-type]
