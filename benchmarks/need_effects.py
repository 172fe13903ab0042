"""Do intervals of the designs hold a planted difference, and does each say only its own word? (need N23, in part)

Made-up schools with a planted change of mean -.20 (or none), or made-up children and areas with a planted hazard
ratio of .80 on users (--ratios), under each design; the product's own `estimate` reads the rows. Not yet through the
records of a whole made-up place.

    python benchmarks/need_effects.py --seeds 500 [--null] [--ratios]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

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


def main() -> None:
    """Run every design over the seeds and print how often its interval holds the planted figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--null", action="store_true")
    parser.add_argument("--ratios", action="store_true")
    asked = parser.parse_args()
    if asked.ratios:
        return ratios(asked.seeds, 1.0 if asked.null else 0.80)
    effect = 0.0 if asked.null else -0.2
    print(f"planted {effect:+.2f}, {asked.seeds} seeds: covers, mean, words, 'no clear difference'")
    for name, make in DESIGNS.items():
        told = []
        for seed in range(asked.seeds):
            rows, changed = make(np.random.default_rng(seed), effect)
            told.append(estimate(plan(**changed), rows))
        held = np.mean([t.low <= effect <= t.high for t in told if t.low is not None])
        mean = np.mean([t.value for t in told if t.value is not None])
        quiet = np.mean(["o clear difference" in t.sentence for t in told])
        words = ", ".join(sorted({t.word for t in told}))
        print(f"{name:24} {held:6.1%} {mean:+.3f} {quiet:6.1%}  {words}")


OF_REFERRAL = Outcome(
    measure="first referral", role="outcome", scale="hazard_ratio", higher_is="worse"
)


def ratios(seeds: int, planted: float) -> None:
    """Print how often the interval of each design holds the planted ratio (of the offered, for the lot)."""
    print(
        f"planted ratio {planted:.2f} on users, {seeds} seeds: covers, mean, 'no clear difference', words"
    )
    for name, make in RATIOS.items():
        truth = 0.3 + 0.7 * planted if name == "randomised" else planted
        told = []
        for seed in range(seeds):
            rows, changed = make(np.random.default_rng(seed), planted)
            told.append(estimate(plan(outcome_primary=OF_REFERRAL, **changed), rows))
        held = np.mean([t.low <= truth <= t.high for t in told if t.low is not None])
        mean = np.exp(np.mean([np.log(t.value) for t in told if t.value is not None]))
        quiet = np.mean(["o clear difference" in t.sentence for t in told])
        words = ", ".join(sorted({t.word for t in told}))
        print(
            f"{name:24} {held:6.1%} {mean:.3f} (planted {truth:.3f}) {quiet:6.1%}  {words}",
            flush=True,
        )


if __name__ == "__main__":
    main()
