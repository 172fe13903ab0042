"""Four stored checks of one return with known weeks, worked by hand in test_progress_way.py."""

from datetime import date

from threecircles.quality import check_tables
from threecircles.quality.outputs import write_outputs
from threecircles.quality.runs import store_run
from threecircles.quality.worklist import Held

DAYS = (date(2026, 5, 4), date(2026, 5, 7), date(2026, 5, 12), date(2026, 5, 25))
"""Monday and Thursday of week 19, Tuesday of week 20, Monday of week 22: week 21 has no check."""

HOLDERS = {
    "c1": Held("North", "W. One"),
    "c2": Held("North", "W. Two"),
    "c3": Held("South", "W. Three"),
    "c5": Held("North", "W. One"),
    "s": Held("South", "W. Three"),
}
"""c4 is of no team."""

BAD, GOOD = ("2025-06-02", "2025-06-01"), ("2025-06-02", "2025-06-03")
SAME_DAY, LATER = ("2025-07-01", "2025-07-01"), ("2025-07-01", "2025-07-02")
CHECKS = (
    ({"c1": BAD, "c2": BAD, "c3": BAD, "c4": BAD, "s": SAME_DAY}, ["8925", "8840"]),
    ({"c1": GOOD, "c2": BAD, "c3": BAD, "c4": BAD, "s": SAME_DAY}, ["8925", "8840"]),
    ({"c1": GOOD, "c2": BAD, "c3": GOOD, "c5": BAD, "s": SAME_DAY}, ["8925"]),
    ({"c1": GOOD, "c2": BAD, "c3": GOOD, "c5": GOOD, "s": LATER}, ["8925", "8840"]),
)
"""Plans by child, and the rules that ran: 8925 finds two fields of a plan that ends before it starts."""


def store_check(folder, plans, codes, day, year=2026):
    """One check stored in a folder, as `check --out` leaves it."""
    rows = [{"LAchildID": c, "CPPstartDate": s, "CPPendDate": e} for c, (s, e) in plans.items()]
    report = check_tables("cin", year, {"ChildProtectionPlans": rows}, codes=codes)
    written = write_outputs(report, folder, ("csv",), holders=HOLDERS, today=day)
    store_run(report, written, folder, {}, day)
    return folder


def store_four(folder):
    """The folders of the four checks, the oldest first."""
    return [
        store_check(folder / f"{day:%m%d}" / "cin-2026", plans, codes, day)
        for day, (plans, codes) in zip(DAYS, CHECKS, strict=True)
    ]
