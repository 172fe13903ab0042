"""What it all cost: without it there would be need and service and no spend to set beside them."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.rounding import largest_remainder
from threecircles.core.seeds import rng
from threecircles.synthetic.days import day_of
from threecircles.synthetic.profile import Section
from threecircles.synthetic.world import World

LINES = (
    ("3.0.1", "Funding for individual Sure Start children's centres", "early_years"),
    ("3.0.2", "Funding on local authority provided or commissioned area wide services", "early_years_wide"),
    ("3.0.5", "Other spend on children under 5", "early_years_other"),
    ("3.1.1", "Residential care", "residential"),
    ("3.1.2", "Fostering services", "fostering"),
    ("3.1.3", "Adoption services", "adoption"),
    ("3.1.4", "Special guardianship support", "guardianship"),
    ("3.1.5", "Other children looked after services", "care_other"),
    ("3.1.8", "Leaving care support services", "leaving_care"),
    ("3.1.9", "Asylum seeker services, children", "asylum"),
    ("3.2.1", "Other children and families services", "other"),
    ("3.3.1", "Social work, including functions in relation to child protection", "social_work"),
    ("3.3.2", "Commissioning and children's services strategy", "strategy"),
    ("3.4.4", "Targeted family support", "family_targeted"),
    ("3.4.5", "Universal family support", "family_universal"),
    ("3.5.1", "Universal services for young people", "youth_universal"),
    ("3.5.2", "Targeted services for young people", "youth_targeted"),
    ("3.6.1", "Youth justice", "youth_justice"),
)  # fmt: skip
SECTIONS = {
    "3.0": "Sure Start children's centres and other spend on children under 5",
    "3.1": "Children looked after",
    "3.2": "Other children and families services", "3.3": "Safeguarding children and young people's services",
    "3.4": "Family support services", "3.5": "Services for young people", "3.6": "Youth justice",
}  # fmt: skip


def ledger(world: World) -> pl.DataFrame:
    """Twelve monthly amounts per line with the activity behind them, in pence.

    Activity times unit cost gives how a line's total divides over the months; the totals of the blocks
    follow the published spend per child. Columns: line, month, activity, unit, gross_pence.
    """
    p = world.profile["money"]
    g = rng(world.seed, "money", "ledger")
    children = int(world.people.present(world.end).sum())
    activity = _activity(world)
    rows = []
    for line, _, key in LINES:
        total = _line_total(p, key, children, activity)
        monthly = activity.get(key, (np.full(12, children / 12), "child month"))
        weight = (monthly[0] + 1e-9) * np.exp(g.normal(0, p["unit_noise"], 12))
        pence = largest_remainder(list(weight / weight.sum()), round(total * 100))
        rows += [(line, m + 1, float(monthly[0][m]), monthly[1], pence[m]) for m in range(12)]
    return pl.DataFrame(
        rows, schema=["line", "month", "activity", "unit", "gross_pence"], orient="row"
    )


def _activity(world: World) -> dict[str, tuple[np.ndarray, str]]:
    """Child weeks of care by kind and cases by service, month by month of the financial year."""
    care, end = world.care, world.end
    start = day_of(world.year - 1, 4, 1)
    edges = np.linspace(start, end + 1, 13)
    kinds = {
        "residential": np.isin(care.place, ["K2", "S1", "R3", "K1"]),
        "fostering": np.char.startswith(care.place, "U"),
        "care_other": np.isin(care.place, ["K3", "P1"]),
        "adoption": np.char.startswith(care.place, "A"),
    }
    made = {
        name: (_weeks(care.start[mask], care.end[mask], edges), "child week")
        for name, mask in kinds.items()
    }
    alone = world.people.uasc[care.period_child]
    made["asylum"] = (_weeks(care.period_start[alone], care.period_end[alone], edges), "child week")
    e = world.episodes
    real = e.path >= 0
    made["social_work"] = (_weeks(e.referral[real], e.close[real], edges), "child week")
    h = world.early_help
    made["family_targeted"] = (_weeks(h.contact, h.closed, edges), "child week")
    j = world.justice
    made["youth_justice"] = (_weeks(j.day, j.end, edges), "child week")
    return made


def _weeks(start: np.ndarray, end: np.ndarray, edges: np.ndarray) -> np.ndarray:
    low = np.maximum(start[None, :], edges[:-1, None])
    high = np.minimum(end[None, :], edges[1:, None])
    return np.maximum(high - low, 0).sum(axis=1) / 7


def _line_total(
    p: Section, key: str, children: int, activity: dict[str, tuple[np.ndarray, str]]
) -> float:
    """Pounds of a line: weeks times weekly cost in care, else a share of the block's spend per child."""
    per = lambda name: p[f"{name}_million_per_million_children"] * children  # noqa: E731
    weeks = {k: v[0].sum() for k, v in activity.items()}
    priced = {
        "residential": weeks["residential"] * p["week_residential"],
        "fostering": weeks["fostering"] * p["week_fostering"],
        "adoption": weeks["adoption"] * p["adoption_week"],
    }
    if key in priced:
        return priced[key]
    rest = {
        "care_other": weeks["care_other"] * p["week_supported"],
        "asylum": weeks["asylum"] * p["week_other_care"],
    }  # fmt: skip
    rest["guardianship"] = 0.7 * sum(rest.values()) + 1.0
    rest["leaving_care"] = 0.5 * sum(rest.values())
    if key in rest:
        return max(0.0, per("looked_after") - sum(priced.values())) * rest[key] / sum(rest.values())
    split = {
        "early_years": ("early_years", 0.62), "early_years_wide": ("early_years", 0.23), "early_years_other": ("early_years", 0.15),
        "social_work": ("safeguarding", 0.9), "strategy": ("safeguarding", 0.1), "other": ("other", 1.0),
        "family_targeted": ("family_support", 0.8), "family_universal": ("family_support", 0.2),
        "youth_universal": ("youth", 0.45), "youth_targeted": ("youth", 0.55), "youth_justice": ("youth_justice", 1.0),
    }  # fmt: skip
    block, share = split[key]
    return per(block) * share


def s251_table(world: World, entries: pl.DataFrame) -> pl.DataFrame:
    """The outturn table in whole pounds: four kinds of provider, income, net and grants, section totals.

    total = own + private + other public + voluntary; net = total - income; authority's net = net - grants.
    """
    g = rng(world.seed, "money", "s251")
    gross = dict(entries.group_by("line").agg(pl.col("gross_pence").sum()).iter_rows())
    mix = {
        "3.0": (0.70, 0.08, 0.02, 0.20), "3.1": (0.38, 0.52, 0.04, 0.06), "3.2": (0.80, 0.10, 0.05, 0.05),
        "3.3": (0.93, 0.05, 0.01, 0.01),
        "3.4": (0.66, 0.10, 0.04, 0.20), "3.5": (0.40, 0.04, 0.03, 0.53), "3.6": (0.82, 0.03, 0.12, 0.03),
    }  # fmt: skip
    rows, columns = [], ("own_provision", "private", "other_public", "voluntary")
    for line, label, key in LINES:
        pounds = round(gross[line] / 100)
        share = mix[line[:3]] if key != "residential" else (0.12, 0.84, 0.02, 0.02)
        parts = largest_remainder(list(share), pounds)
        income = round(pounds * 0.06 * g.random())
        inside, outside = round(pounds * 0.05 * g.random()), round(pounds * 0.01 * g.random())
        net = pounds - income
        rows.append(
            [line, label, *parts, pounds, income, net, inside, outside, net - inside - outside]
        )
    full: list[list[object]] = []
    for section, label in SECTIONS.items():
        inside_rows = [r for r in rows if str(r[0]).startswith(section)]
        full += inside_rows
        full.append(
            [
                f"{section} Total",
                f"Total {label}",
                *(sum(int(r[k]) for r in inside_rows) for k in range(2, 12)),
            ]
        )
    names = ["line", "line_label", *columns, "total_expenditure", "income", "net_current", "grants_inside_aef",
             "grants_outside_aef", "la_net"]  # fmt: skip
    return pl.DataFrame(full, schema=names, orient="row")
