"""Do intervals of the designs hold a planted difference, and does each say only its own word? (need N23, in part)

Made-up schools with a planted change of mean -.20 (or none), or made-up children and areas with a planted hazard
ratio of .80 on users (--ratios), under each design; the product's own `estimate` reads the rows. Not yet through the
records of a whole made-up place.

    python benchmarks/need_effects.py --seeds 500 [--null] [--ratios] [--kept FOLDER]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from threecircles.need.effects import Plan, estimate
from threecircles.need.effects.plan import Assignment, Covariate, Outcome, Start

SCHOOLS, PUPILS, PERIODS = 40, 15, 6
Rows = tuple[pl.DataFrame, dict[str, object]]


def offered(g: np.random.Generator, effect: float) -> Rows:
    """Half of the schools drawn; one measure after."""
    arm = g.permutation(SCHOOLS) % 2
    school = np.repeat(np.arange(SCHOOLS), PUPILS)
    value = g.normal(0, 0.15, SCHOOLS)[school] + effect * arm[school] + g.normal(0, 1, len(school))
    rows = pl.DataFrame({"unit": school, "arm": arm[school], "value": value})
    return rows, {"design": "randomised", "assignment": Assignment(how="drawn", seed=1)}


def over_time(g: np.random.Generator, effect: float, design: str) -> Rows:
    """Schools over periods; starts drawn in steps, or by area with never-starters."""
    start = np.where(np.arange(SCHOOLS) % 5 == 0, np.inf, 3 + np.arange(SCHOOLS) % 3)
    if design == "stepped_wedge":
        start = g.permutation(2.0 + np.arange(SCHOOLS) % 4)
    own, trend = g.normal(0, 0.2, SCHOOLS), 0.1 * np.arange(PERIODS)
    told = [
        (u, t + 1, None if np.isinf(start[u]) else int(start[u]),
         own[u] + trend[t] + effect * (t + 1 >= start[u]) + g.normal(0, 1 / np.sqrt(PUPILS)))
        for u in range(SCHOOLS) for t in range(PERIODS)
    ]  # fmt: skip
    rows = pl.DataFrame(told, schema=["unit", "period", "start", "value"], orient="row")
    drawn = (
        Assignment(how="drawn", seed=1) if design == "stepped_wedge" else Assignment(how="asked")
    )
    return rows, {"design": design, "assignment": drawn}


def chosen(g: np.random.Generator, effect: float, hidden: bool) -> Rows:
    """Pupils who choose a service by two causes; one may be hidden from the analyst."""
    school = np.repeat(np.arange(SCHOOLS), PUPILS)
    a, b = g.normal(size=(2, len(school)))
    used = (g.random(len(school)) < 1 / (1 + np.exp(-(0.8 * a + 0.8 * b)))).astype(int)
    value = 0.4 * a + 0.4 * b + effect * used + g.normal(0, 1, len(school))
    known = [Covariate(id="a", dated=date(2024, 9, 1))]
    known += [] if hidden else [Covariate(id="b", dated=date(2024, 9, 1))]
    rows = pl.DataFrame({"unit": school, "arm": used, "value": value, "a": a, "b": b})
    return rows, {"design": "matched", "covariates": tuple(known)}


def twice(g: np.random.Generator, effect: float) -> Rows:
    """Pupils who begin when things are worst, measured before and after."""
    usual = g.normal(0, 0.7, 4000)
    before, after = usual + g.normal(0, 0.7, 4000), usual + effect + g.normal(0, 0.7, 4000)
    worst = np.argsort(-before)[: SCHOOLS * PUPILS]
    rows = pl.DataFrame({"unit": worst, "before": before[worst], "value": after[worst]})
    return rows, {"design": "before_after", "unit": "child"}


def drawn_children(g: np.random.Generator, ratio: float) -> Rows:
    """Children drawn by lot, seven in ten of whom use it; first referral within a year, by need."""
    n = 3000
    arm, need = g.permutation(n) % 2, g.normal(size=n)
    used = arm * (g.random(n) < 0.7)
    return _followed(
        g, 0.20 * np.exp(0.4 * need) * ratio**used, {"arm": arm, "need": need}, ("need",)
    )


def choosing_children(g: np.random.Generator, ratio: float, hidden: bool) -> Rows:
    """Children who use a service by two causes of their referral; one may be hidden."""
    n = 4000
    a, b = g.normal(size=(2, n))
    used = (g.random(n) < 1 / (1 + np.exp(-(0.8 * a + 0.8 * b - 0.5)))).astype(int)
    rate = 0.15 * np.exp(0.4 * a + 0.4 * b) * ratio**used
    rows, changed = _followed(
        g, rate, {"arm": used, "a": a, "b": b}, ("a",) if hidden else ("a", "b")
    )
    return rows, changed | {"design": "matched"}


def _followed(
    g: np.random.Generator, rate: np.ndarray, columns: dict[str, np.ndarray], held: tuple[str, ...]
) -> Rows:
    days = np.ceil(365 * g.exponential(1 / rate))
    rows = pl.DataFrame({
        "unit": np.arange(len(rate)), "days": np.minimum(days, 365), "ended": (days <= 365).astype(int), **columns,
    })  # fmt: skip
    covariates = tuple(Covariate(id=c, dated=date(2024, 9, 1)) for c in held)
    return rows, {
        "design": "randomised",
        "covariates": covariates,
        "assignment": Assignment(how="drawn", seed=1),
    }


def areas_over_time(g: np.random.Generator, ratio: float, design: str) -> Rows:
    """Areas over eight quarters with a trend; starts drawn in steps, by area, or by nearness (dose)."""
    units, periods = 48, 8
    start = np.where(np.arange(units) % 4 == 0, np.inf, 4 + np.arange(units) % 3)
    if design == "stepped_wedge":
        start = g.permutation(2.0 + np.arange(units) % 6)
    level, near = g.normal(0, 0.35, units), g.random(units)
    told = []
    for u in range(units):
        children = int(g.integers(200, 500))
        for t in range(1, periods + 1):
            dose = float(t >= start[u]) * (near[u] if design == "did_access" else 1.0)
            rate = 0.06 * np.exp(level[u] + 0.03 * t) * ratio**dose / 4
            told.append(
                (
                    u,
                    t,
                    None if np.isinf(start[u]) else int(start[u]),
                    children * 91,
                    int(g.poisson(children * rate)),
                    dose,
                )
            )
    rows = pl.DataFrame(
        told, schema=["unit", "period", "start", "days", "ended", "dose"], orient="row"
    )
    how = Assignment(how="drawn", seed=1) if design == "stepped_wedge" else Assignment(how="asked")
    rows = rows if design == "did_access" else rows.drop("dose")
    return rows, {"design": design, "assignment": how, "unit": "area"}


RATIOS: dict[str, Callable[[np.random.Generator, float], Rows]] = {
    "randomised": drawn_children,
    "stepped_wedge": lambda g, r: areas_over_time(g, r, "stepped_wedge"),
    "did_area": lambda g, r: areas_over_time(g, r, "did_area"),
    "did_access": lambda g, r: areas_over_time(g, r, "did_access"),
    "matched": lambda g, r: choosing_children(g, r, False),
    "matched, a cause hidden": lambda g, r: choosing_children(g, r, True),
}
DESIGNS: dict[str, Callable[[np.random.Generator, float], Rows]] = {
    "randomised": offered,
    "stepped_wedge": lambda g, e: over_time(g, e, "stepped_wedge"),
    "did_area": lambda g, e: over_time(g, e, "did_area"),
    "did_access": lambda g, e: over_time(g, e, "did_access"),
    "matched": lambda g, e: chosen(g, e, False),
    "matched, a cause hidden": lambda g, e: chosen(g, e, True),
    "before_after": twice,
}


def plan(**changed: object) -> Plan:
    """A plan that may go on to the data."""
    base: dict[str, object] = {
        "id": "n23", "label": "n23", "source": "benchmark", "version": 1, "question": "Does it help?",
        "service": "mentoring", "eligible": "pupils", "unit": "school", "assignment": Assignment(how="asked"),
        "comparison": "schools or pupils without", "places": 20,
        "outcome_primary": Outcome(measure="feelings", role="outcome", higher_is="worse"),
        "starts": (Start(unit="0", on=date(2025, 9, 1)),),
    }  # fmt: skip
    return Plan(**{**base, **changed})  # type: ignore[arg-type]


COLUMNS = {
    "design": pl.String, "seed": pl.Int64, "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "quiet": pl.Boolean,
    "word": pl.String, "e_value": pl.Float64,
}  # fmt: skip
BLOCK = 50
"""Seeds whose results are kept together, so that a stopped run goes on where it was."""
OF_REFERRAL = Outcome(
    measure="first referral", role="outcome", scale="hazard_ratio", higher_is="worse"
)


def results(name: str, seeds: range, planted: float, of_ratio: bool) -> pl.DataFrame:
    """What the product told of one design, seed by seed."""
    more = {"outcome_primary": OF_REFERRAL} if of_ratio else {}
    told = []
    for seed in seeds:
        rows, changed = (RATIOS if of_ratio else DESIGNS)[name](np.random.default_rng(seed), planted)  # fmt: skip
        t = estimate(plan(**more, **changed), rows)
        quiet = "o clear difference" in t.sentence
        told.append((name, seed, t.value, t.low, t.high, quiet, t.word, t.sensitivity.get("e_value")))  # fmt: skip
    return pl.DataFrame(told, schema=COLUMNS, orient="row")


def truth_of(name: str, planted: float, of_ratio: bool) -> float:
    """What the interval should hold: of those offered, where three in ten do not take it up."""
    return 0.3 + 0.7 * planted if of_ratio and name == "randomised" else planted


def line(name: str, told: pl.DataFrame, planted: float, of_ratio: bool) -> str:
    """How often the interval of a design holds the truth, its mean, and how often no difference is clear."""
    truth, known = truth_of(name, planted, of_ratio), told.drop_nulls("low")
    held = known.filter((pl.col("low") <= truth) & (pl.col("high") >= truth)).height
    value = known["value"].log().mean() if of_ratio else known["value"].mean()
    mean = np.exp(value) if of_ratio else value
    beyond = known.filter((pl.col("high") < truth) | (pl.col("low") > truth)).height
    words = ", ".join(sorted(told["word"].unique()))
    return (
        f"{name:24} holds {truth:+.3f} in {held} of {known.height} ({held / known.height:.1%}), beside it in {beyond}, mean {mean:+.3f}, "
        f"no clear difference in {told['quiet'].sum()} ({told['quiet'].mean():.1%}); {words}"
    )


def main() -> None:
    """Run every design over the seeds and print how often its interval holds the planted figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--ratios", action="store_true")
    parser.add_argument("--kept", type=Path, help="folder for one file a design and fifty seeds")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no block after")
    asked = parser.parse_args()
    planted = (1.0 if asked.null else 0.80) if asked.ratios else (0.0 if asked.null else -0.2)
    began = time.monotonic()
    print(f"planted {planted:+.2f} on users, {'hazard ratios' if asked.ratios else 'means'}")
    for name in RATIOS if asked.ratios else DESIGNS:
        parts = []
        for first in range(0, asked.seeds, BLOCK):
            block = range(first, min(first + BLOCK, asked.seeds))
            file = (
                asked.kept
                and asked.kept
                / f"{name.replace(', ', '_').replace(' ', '_')}_{planted}_{first}_{len(block)}.parquet"
            )
            if file and file.exists():
                parts.append(pl.read_parquet(file))
            elif time.monotonic() - began <= asked.seconds:
                parts.append(results(name, block, planted, asked.ratios))
                if file:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    parts[-1].write_parquet(file)
        if parts:
            print(line(name, pl.concat(parts), planted, asked.ratios), flush=True)


if __name__ == "__main__":
    main()
