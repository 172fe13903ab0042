"""Forms that children fill in before and after a service: without it no loss of touch could be seen to flatter it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit
from scipy.stats import norm

from threecircles.core.seeds import rng
from threecircles.synthetic.days import NEVER, age_at, as_dates, day_of
from threecircles.synthetic.export.attendance import token
from threecircles.synthetic.profile import Section
from threecircles.synthetic.world import World

ITEMS = ("goal", "sense of change", "experience", "calm", "friends", "sleep", "worry", "hope")
"""Items 1 to 8 of the form: a goal of 10, two of 5, and five of a short scale of our own, 1 to 5."""


@dataclass(frozen=True)
class ServiceForms:
    """Starters in order of provider: who, where, and what changed; change is in sd of the change, true for all.

    start: first visit; counted_from: the day the provider's file begins to count. waiting: filled the form
    in while on the list. before, after: what the child is like (higher is better). kept: still in touch.
    """

    provider: np.ndarray
    child: np.ndarray
    start: np.ndarray
    counted_from: np.ndarray
    waiting: np.ndarray
    before: np.ndarray
    change: np.ndarray
    kept: np.ndarray


def make_service_forms(world: World) -> ServiceForms:
    """Six providers whose starters change by about `mean_change`; those who do not gain are lost more often.

    The lost are taken evenly along the chance to stay, so that what the completers overstate is no luck of
    the draw. Source: specification of this project, page synthetic, section 6 (service outcome form).
    """
    p = world.profile["service_form"]
    age = age_at(world.people.birth, world.end)
    able = np.flatnonzero(world.people.present(world.end) & (age >= 9) & (world.people.family >= 0))
    worse = world.need.eta[-1][able, 0]
    parts = [_starters(world, p, name, one, able, worse) for name, one in p["providers"].items()]
    return ServiceForms(*(np.concatenate(c) for c in zip(*parts, strict=True)))


def _starters(
    world: World, p: Section, name: str, one: dict, able: np.ndarray, worse: np.ndarray
) -> tuple[np.ndarray, ...]:
    g = rng(world.seed, "service form", name)
    n = min(one["starters"], len(able) // 8)
    weight = np.exp(0.8 * worse) / np.exp(0.8 * worse).sum()
    child = np.sort(g.choice(able, n, replace=False, p=weight))
    waiting = g.random(n) < one.get("waiting_share", 0.0)
    change = norm.ppf((g.permutation(n) + 0.5) / n) + p["mean_change"]
    change = change - waiting * p["waiting_effect"]
    stay = expit(_level(p["loss_slope"] * change, 1 - one["loss"]) + p["loss_slope"] * change)
    order = np.argsort(change, kind="stable")
    steps = np.floor(np.cumsum(stay[order]) + g.random())
    kept = np.empty(n, dtype=bool)
    kept[order] = steps > np.r_[0, steps[:-1]]
    start = day_of(world.year - 1, 4, 1) + g.integers(0, 200, n)
    before = -world.need.eta[-1][child, 0] + g.normal(0, 0.3, n)
    return (
        np.full(n, name),
        child,
        start,
        start + one.get("late_days", 0),
        waiting,
        before,
        change,
        kept,
    )


def _level(slope: np.ndarray, share: float) -> float:
    """The constant that makes the mean chance to stay the share."""
    low, high = -8.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + slope).mean() < share else (low, middle)
    return (low + high) / 2


def form_table(world: World, made: ServiceForms, provider: str) -> pl.DataFrame:
    """One provider's file: a row per starter and occasion; a form that did not come back says why."""
    one = world.profile["service_form"]["providers"][provider]
    rows = np.flatnonzero(made.provider == provider)
    g = rng(world.seed, "service form", "answers", provider)
    child = made.child[rows]
    if one["tokens"]:
        keys = [token(world, int(c)) for c in child]
    else:
        keys = [f"{provider}-{i + 1:04d}" for i in range(len(rows))]
    frames = []
    for occasion, days, gained in (("before", 0, 0.0), ("during", 60, 0.5), ("after", 120, 1.0)):
        lost = ~made.kept[rows] if occasion == "after" else np.zeros(len(rows), dtype=bool)
        level = made.before[rows] + gained * made.change[rows]
        frames.append(pl.DataFrame({
            "person_key": keys, "provider_id": [provider] * len(rows),
            "service_id": np.where(made.waiting[rows], f"{one['service']}-waiting", one["service"]),
            "start_date": _day_first(made.counted_from[rows]), "occasion": [occasion] * len(rows),
            "on_date": _day_first(made.counted_from[rows] + days), **_answers(g, level, gained * made.change[rows], lost),
            "lost": np.where(lost, "1", "0"), "lost_reason": pl.Series(["no answer to three calls" if x else None for x in lost], dtype=pl.String),
        }))  # fmt: skip
    return pl.concat(frames)


def _answers(
    g: np.random.Generator, level: np.ndarray, gained: np.ndarray, lost: np.ndarray
) -> dict[str, pl.Series]:
    """Answers as text, blank where the form did not come back."""
    n = len(level)
    shown = {
        "item_1": np.clip(np.round(5 + 1.5 * level + g.normal(0, 1, n)), 0, 10),
        "item_2": np.clip(np.round(3 + 0.9 * gained + g.normal(0, 0.6, n)), 1, 5),
        "item_3": np.clip(np.round(4 + 0.4 * gained + g.normal(0, 0.7, n)), 1, 5),
    }
    for k in range(4, len(ITEMS) + 1):
        shown[f"item_{k}"] = np.clip(np.round(3 + 0.8 * level + g.normal(0, 0.7, n)), 1, 5)
    return {
        name: pl.Series(values.astype("int64")).cast(pl.String).set(pl.Series(lost), None)
        for name, values in shown.items()
    }


def form_truth(made: ServiceForms) -> pl.DataFrame:
    """Per provider: starters, lost, share truly better, and what those who stayed would make of it.

    better: change above nought, as a share of all starters; better_completers: of those still in touch;
    mean_change and mean_change_completers in sd. Those on a waiting list are told apart.
    """
    each = pl.DataFrame({
        "provider": made.provider, "waiting": made.waiting, "change": made.change, "kept": made.kept,
    })  # fmt: skip
    kept = pl.col("change").filter(pl.col("kept"))
    return (
        each.group_by("provider", "waiting", maintain_order=True)
        .agg(
            starters=pl.len(), lost=(~pl.col("kept")).sum(), better=(pl.col("change") > 0).mean(),
            better_completers=(kept > 0).mean(), mean_change=pl.col("change").mean(),
            mean_change_completers=kept.mean(),
        )
        .sort("provider", "waiting")
    )  # fmt: skip


def _day_first(days: np.ndarray) -> pl.Series:
    return as_dates(np.minimum(days, NEVER)).dt.strftime("%d/%m/%Y")
