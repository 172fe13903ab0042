"""Findings that are known and explained: without it the same true record would be argued every year."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.dates import add_months
from threecircles.core.errors import DefinitionError
from threecircles.definitions import load_text

LONGEST_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One finding, or a whole rule, that somebody answers for until a day.

    rule: code. child, key, team: whom it is for; none of them waives the whole rule. key: a
    finding_id. reason, by, date, expiry: required; at most 12 months. evidence: where the proof is.
    """

    rule: str
    reason: str
    by: str
    date: datetime.date
    expiry: datetime.date
    child: str = ""
    key: str = ""
    team: str = ""
    evidence: str = ""

    @property
    def whole_rule(self) -> bool:
        """True when it waives every finding of the rule."""
        return not (self.child or self.key or self.team)


@dataclass(frozen=True, kw_only=True)
class Waivers:
    """A file of waivers."""

    waivers: tuple[Waiver, ...]


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Raises DefinitionError for one without expiry or reason, or longer than 12 months.
    """
    found = load_text(Path(path).read_text(encoding="utf-8"), Waivers, Path(path).name).waivers
    for waiver in found:
        if not waiver.reason.strip() or not waiver.by.strip():
            raise DefinitionError(
                f"The waiver of rule {waiver.rule} needs a reason and a name.",
                where=Path(path).name,
            )
        if not waiver.date < waiver.expiry <= add_months(waiver.date, LONGEST_MONTHS):
            raise DefinitionError(
                f"The waiver of rule {waiver.rule} must end after it begins and within 12 months.",
                where=Path(path).name,
                found=f"{waiver.date} to {waiver.expiry}",
            )
    return found


@dataclass(frozen=True)
class Waived:
    """Findings with `waived_by` filled, and what there is to say about the waivers themselves.

    expired: waivers that no longer hold (each a finding of its own). unmatched: waivers in force
    that match nothing. whole_rules: codes waived altogether, to be named in the headline.
    """

    findings: pl.DataFrame
    expired: tuple[Waiver, ...]
    unmatched: tuple[Waiver, ...]
    whole_rules: tuple[str, ...]


def apply_waivers(
    findings: pl.DataFrame,
    waivers: tuple[Waiver, ...],
    today: datetime.date,
    teams: dict[str, str] | None = None,
) -> Waived:
    """Mark waived findings; none is removed.

    findings: the stored table. teams: child id -> team. A waiver that has expired marks nothing.
    """
    held = [w for w in waivers if today <= w.expiry]
    table, unmatched = findings, []
    for waiver in held:
        hit = _matches(waiver, teams or {})
        if not table.filter(hit).height:
            unmatched.append(waiver)
        table = table.with_columns(
            pl.when(hit & pl.col("waived_by").is_null())
            .then(pl.lit(f"{waiver.by}, {waiver.date:%d/%m/%Y}: {waiver.reason}"))
            .otherwise(pl.col("waived_by"))
            .alias("waived_by")
        )
    expired = tuple(w for w in waivers if w.expiry < today)
    whole = tuple(dict.fromkeys(w.rule for w in held if w.whole_rule))
    return Waived(table, expired, tuple(unmatched), whole)


def expired_findings(waived: Waived) -> list[str]:
    """A sentence for each waiver that has expired."""
    return [
        f"The waiver of rule {w.rule} by {w.by} expired on {w.expiry:%d/%m/%Y}; its findings count again."
        for w in waived.expired
    ]


def _matches(waiver: Waiver, teams: dict[str, str]) -> pl.Expr:
    hit = pl.col("rule") == waiver.rule
    if waiver.child:
        hit &= (pl.col("child") == waiver.child).fill_null(False)
    if waiver.key:
        hit &= pl.col("finding_id") == waiver.key
    if waiver.team:
        members = [child.strip().upper() for child, team in teams.items() if team == waiver.team]
        hit &= pl.col("child").str.to_uppercase().is_in(members).fill_null(False)
    return hit
