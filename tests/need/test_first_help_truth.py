"""First sign to first help against what truly happened, with errors off: shares, medians and who waits (need N26)."""

from datetime import timedelta

import polars as pl
import pytest
from tests.record.conftest import Made
from tests.record.test_ways_against_truth import AFTER, HELPS, LAST, frame, spells, true_signs

from threecircles.core.dates import year_start
from threecircles.core.engines import collect
from threecircles.core.tables import TOTAL
from threecircles.need.first_help import MARKS, first_help_table
from threecircles.record.derive.first_sign import first_sign, first_sign_rule, signs
from threecircles.synthetic import make

SHOWN = {"cla": "statutory", "cin": "early", "early_help": "early"}
"""True spells that are help, and the route they are of: of these only care is statutory by the rule."""
BOTH = "early/statutory"


@pytest.fixture(scope="module", params=["hamlet", pytest.param("borough", marks=pytest.mark.slow)])
def place(request, tmp_path_factory):
    """A place without errors, every record at its true person."""
    folder = tmp_path_factory.mktemp(request.param) / "place"
    make(request.param, folder, seed=1, errors="none")
    return Made(folder)


@pytest.fixture(scope="module")
def told(place):
    """What the product says: first-help by sign, of the record's own events and episodes."""
    event, measure = (
        pl.concat([place.table(n), place.young[n]], how="diagonal_relaxed").unique("row_id")
        for n in ("event", "measure")
    )
    found = signs(frame(event), frame(measure), first_sign_rule())
    helps = place.table("episode").filter(pl.col("process").is_in(HELPS))
    rows = collect(first_sign(found, frame(helps), first_sign_rule(), LAST, None))
    table = first_help_table(
        rows.with_columns(lsoa21=pl.lit("E01000001")), "sign_id", {}, "x", seed=1
    )
    return {(r["before"], r["sign_id"], r["measure"]): r["value"] for r in table.frame.to_dicts()}


@pytest.fixture(scope="module")
def truth(place):
    """(sign, days to the end of the wait, its routes) of every child with a sign, helped before it or not.

    Two routes where help of both began on one day: the record may tell of either.
    """
    first, began = {}, {}
    for day, sign, person in true_signs(place):
        first.setdefault(person, (day, sign))
    history = year_start(place.place.year - 1)
    for since, shown in ((history, ("cla", "cin")), (LAST - timedelta(days=9999), ("early_help",))):
        for person, process, start, _ in spells(place, since).iter_rows():
            if process in shown:
                began.setdefault(person, []).append((start, SHOWN[process]))
    made = []
    for person, (day, sign) in first.items():
        start = min((s for s, _ in began.get(person, [])), default=AFTER)
        routes = sorted({r for s, r in began.get(person, []) if s == start})
        made.append((sign, (start - day).days, "/".join(routes)))
    return made


def shares(children, mark):
    """Of children (days, route): share helped early, by statute, by both at once, and waiting by a day."""
    waiting, helped = 1.0, {"early": 0.0, "statutory": 0.0, BOTH: 0.0}
    for day in sorted({d for d, r in children if r and d <= mark}):
        at_risk = sum(d >= day for d, _ in children)
        now = {route: children.count((day, route)) for route in helped}
        for route, n in now.items():
            helped[route] += waiting * n / at_risk
        waiting *= 1 - sum(now.values()) / at_risk
    return helped["early"], helped["statutory"], helped[BOTH], waiting


def median(children):
    """The first day on which half or fewer still wait."""
    waiting = 1.0
    for day in sorted({d for d, r in children if r}):
        waiting *= 1 - sum(d == day and r != "" for d, r in children) / sum(d >= day for d, _ in children)  # fmt: skip
        if waiting <= 0.5 + 1e-12:
            return day
    return None


def test_shares_by_every_day_and_the_median_are_those_that_truly_were(told, truth):
    """need N26: everyone, and by sign; Aalen-Johansen reckoned here anew from the generator's truth."""
    groups = {TOTAL: truth} | {s: [t for t in truth if t[0] == s] for s in {t[0] for t in truth}}
    seen = 0
    for sign, children in groups.items():
        waits = [(days, route) for _, days, route in children if days >= 0]
        assert told["no", sign, "children"] == len(waits)
        assert told["yes", sign, "children"] == len(children) - len(waits)
        if not waits:
            continue
        for mark in MARKS:
            early, statutory, both, waiting = shares(waits, mark)
            said = [told["no", sign, f"helped_{r}_{mark}"] for r in ("early", "statutory")]
            assert sum(said) == pytest.approx(early + statutory + both)
            assert early - 1e-9 <= said[0] <= early + both + 1e-9
            assert told["no", sign, f"waiting_{mark}"] == pytest.approx(waiting)
            seen += early + statutory > 0
        assert told["no", sign, "median_days"] == median(waits)
    assert seen, "nobody was helped, so nothing was tried"


def test_the_share_whose_first_help_was_statutory_is_that_which_truly_was(told, truth):
    """need N26."""
    routes = [r for _, days, r in truth if r and days >= 0]
    least, either = routes.count("statutory") / len(routes), routes.count(BOTH) / len(routes)
    assert least - 1e-9 <= told["no", TOTAL, "statutory_first"] <= least + either + 1e-9
    assert either < 0.02, "too many began on one day to tell"
