"""How people are before and after help, with those who were lost: a share of those who stayed would flatter.

Always said beside a result: people often start help at a low point, so some change would happen anyway;
this does not show what the service caused (see `threecircles need effect`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.intervals import Interval, wilson
from threecircles.survey.score import reliable_change

REASONS = (
    "finished_early",
    "moved",
    "declined",
    "not_asked",
    "no_contact",
    "died",
    "still_in_service",
)
LEAST = 10
"""People behind any figure of a service."""
MOST_LOST = 0.10
"""Above this share of lost the bounds stand beside every share."""
SAID = (
    "People often start help at a low point, so some change would happen anyway; this page does not show "
    "what the service caused. See: threecircles need effect."
)
HELPER_MAY_SEE = frozenset({"goals", "how_things_are"})
"""What the worker who helps sees; never how it is to come here."""
EXPERIENCE = frozenset({"service_experience", "trust", "sense_of_change"})


@dataclass(frozen=True)
class Share:
    """A share of those followed up, with what the lost could make of it. It cannot be had without them.

    of_paired: of those with both; least, most: of all who started, were every lost person worse or better.
    """

    started: int
    paired: int
    better: int
    lost: Mapping[str, int]
    still: int

    def __post_init__(self) -> None:
        gone = sum(self.lost.values())
        if self.started != self.paired + gone + self.still:
            raise UsageError(
                "Everybody who started has to be accounted for.",
                found=f"{self.started} started, {self.paired} paired, {gone} lost, {self.still} still in service",
                mend="Give each person without a later answer a reason: " + ", ".join(REASONS),
            )
        unknown = sorted(set(self.lost) - set(REASONS))
        if unknown:
            raise UsageError(
                "Lost for no known reason.", found=", ".join(unknown), allowed=", ".join(REASONS)
            )

    @property
    def of_paired(self) -> float:
        """Better / paired."""
        return self.better / self.paired

    @property
    def least(self) -> float:
        """Were nobody of the lost better."""
        return self.better / self._base

    @property
    def most(self) -> float:
        """Were everybody of the lost better."""
        return (self.better + sum(self.lost.values())) / self._base

    @property
    def _base(self) -> int:
        return self.started - self.still

    @property
    def interval(self) -> Interval:
        """95% interval of the share of the paired."""
        return wilson(self.better, self.paired)

    def sentence(self) -> str:
        """The share as it may be quoted: never without its lost and, when many, never without bounds."""
        if self.paired < LEAST:
            return f"Fewer than {LEAST} people have answered before and after; nothing can be shown yet."
        gone = sum(self.lost.values())
        told = f"{self.better} of {self.paired} followed up ({self.of_paired:.0%}) are better beyond measurement error; {gone} of {self.started} who started were lost"
        if gone > MOST_LOST * self._base:
            told += f", so of all who started between {self.least:.0%} and {self.most:.0%}"
        return told + "."

    def row(self) -> dict[str, float | int | str]:
        """The share for a table or file, with its lost and bounds in the same row."""
        if self.paired < LEAST:
            return {"started": self.started, "symbol": "[c]"}
        return {
            "started": self.started, "paired": self.paired, "lost": sum(self.lost.values()), "still": self.still,
            "better": self.better, "share": self.of_paired, "low": self.interval.low, "high": self.interval.high,
            "least": self.least, "most": self.most, "said": SAID,
        }  # fmt: skip


def paired_share(
    cases: pl.DataFrame, sd: float, reliability: float, higher_is_better: bool = True
) -> Share:
    """The result of one service from its cases.

    cases: one row a person: before, after (scores, null where there is none) and lost_reason (null where
    paired). Better = changed for the better by more than the reliable change. Raises UsageError when a
    person has neither a later answer nor a reason.
    """
    least = reliable_change(sd, reliability)
    both = cases.filter(pl.col("before").is_not_null() & pl.col("after").is_not_null())
    change = (both["after"] - both["before"]) * (1 if higher_is_better else -1)
    rest = cases.filter(pl.col("after").is_null() | pl.col("before").is_null())
    without = rest.filter(pl.col("lost_reason").is_null()).height
    if without:
        raise UsageError(
            f"{without} people have no later answer and no reason for it.", allowed=", ".join(REASONS),
            mend="Ask the provider; a form is not closed while somebody is lost for no reason.",
        )  # fmt: skip
    reasons = dict(rest.group_by("lost_reason").len().iter_rows())
    still = int(reasons.pop("still_in_service", 0))
    return Share(cases.height, both.height, int((change > least).sum()), reasons, still)


def distribution(cases: pl.DataFrame, sd: float, reliability: float) -> dict[str, int]:
    """Better, no reliable change, worse, among the paired."""
    least = reliable_change(sd, reliability)
    change = (cases["after"] - cases["before"]).drop_nulls()
    return {
        "better": int((change > least).sum()),
        "no reliable change": int((change.abs() <= least).sum()),
        "worse": int((change < -least).sum()),
    }


def scale_bounds(cases: pl.DataFrame, lowest: float, highest: float) -> tuple[float, float, float]:
    """Mean change of all who started: every lost at most change for the worse, none, for the better."""
    both = cases.filter(pl.col("after").is_not_null() & pl.col("before").is_not_null())
    lost = cases.filter(pl.col("after").is_null() & pl.col("before").is_not_null())
    known = float((both["after"] - both["before"]).sum())
    n = both.height + lost.height
    worst = known + float((lowest - lost["before"]).sum())
    best = known + float((highest - lost["before"]).sum())
    return worst / n, known / n, best / n


def pool(
    providers: Mapping[str, tuple[str, Mapping[str, str], pl.DataFrame]],
) -> tuple[pl.DataFrame, list[str]]:
    """Cases of providers whose core is equal, without any mapping file, and sentences on those left out.

    providers: name -> (core hash, item code -> item hash, cases). The first provider's core is the core.
    """
    first_hash, first_items, _ = next(iter(providers.values()))
    kept, told = [], []
    for name, (core, own, cases) in providers.items():
        if core == first_hash:
            kept.append(cases.with_columns(provider=pl.lit(name)))
            continue
        other = sorted({c for c in {*first_items, *own} if first_items.get(c) != own.get(c)})
        told.append(f"{name} asks other questions ({', '.join(other)}) and is kept out.")
    return pl.concat(kept, how="diagonal"), told


def helper_view(
    answers: Mapping[str, object], item_measure: Mapping[str, str]
) -> dict[str, object]:
    """What the worker who helps may see of one person's answers: goals and the short scale, nothing else."""
    return {
        code: value for code, value in answers.items()
        if code.startswith("goal_") or item_measure.get(code) in HELPER_MAY_SEE
    }  # fmt: skip


def occasions(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Sentences on occasions out of time: a `before` later than 14 days after the start is called late."""
    from datetime import date

    told = []
    for row in rows:
        start, on = row["started_on"], row["on"]
        if (
            row["occasion"] == "before"
            and isinstance(start, date)
            and isinstance(on, date)
            and (on - start).days > 14
        ):
            told.append(f"{row['person']}: late before, {(on - start).days} days after starting")
    return told
