"""What a reader should know of the links first: without it the page would be bars that say nothing of harm."""

from __future__ import annotations

from statistics import NormalDist

from threecircles.core.tables import TOTAL
from threecircles.report.model import Text, Value
from threecircles.report.released import Released


def in_words(table: Released) -> Text | None:
    """How many links are wrong, who is missed most, and what that does to the circles.

    table: linkage-errors. None when the figures for all are hidden or were not to be had.
    """
    names = ("links", "links_wrong", "links_missing", "links_wrong_expected", "links_missing_expected", "in_both_of_1000")  # fmt: skip
    held = [table.value(m) for m in names]
    known = [v for v in held if v is not None and v.number is not None]
    if len(known) < len(names):
        return None
    _, wrong, missing, *_ = known
    made, _, _, joined, lost, both = (f"{v.number:,.0f}" for v in known)
    said = [
        f"Of {made} links made between two records, about {joined} join two different children ({_of_thousand(wrong)}).",
        f"About {lost} links that should exist were not made ({_of_thousand(missing)}).",
        *_missed(table, missing),
        *_empty(table),
    ]
    said.append(
        f"What that does to the circles: where 1,000 children are counted in two circles at once, about {both}"
        " are. A child whose link is missing counts as not in contact, so unmet need looks larger than it is; a wrong"
        " link makes it look smaller. The circles are drawn again below under fewer and under more links."
    )
    return Text("What to know first", tuple(said), (("The circles", "index"),))


def _of_thousand(value: Value) -> str:
    ends = "" if value.low is None else f"; 95% interval {value.low:,.1f} to {value.high:,.1f}"
    return f"{value.number:,.1f} of 1,000{ends}"


def _missed(table: Released, whole: Value) -> list[str]:
    """The groups that are missed more than all, beyond what the largest of many gaps is by chance."""
    groups = [
        (g, v)
        for g in table.categories("group")
        if (v := table.value("links_missing", group=g)) and v.number is not None and v.high is not None
    ]  # fmt: skip
    if not groups or whole.number is None:
        return []
    wider = NormalDist().inv_cdf(1 - 0.025 / len(groups)) / 1.96
    surely = []
    for group, value in groups:
        number, high = value.number or 0.0, value.high or 0.0
        least = number - wider * (high - number)
        if least > max(whole.number, whole.high or 0.0):
            surely.append((number, group, value))
    if not surely:
        return [
            "No group's links are missed more often than those of all beyond what chance gives."
        ]
    surely.sort(key=lambda s: (-s[0], s[1]))
    named = "; ".join(f"{table.label('group', g)}, {_of_thousand(v)}" for _, g, v in surely[:3])
    said = [f"Missed most, beyond what chance gives: {named}, against {whole.number:,.1f} of all."]
    higher = sorted(
        ((v.number or 0.0, g, v) for g, v in groups if (v.number or 0.0) > surely[0][0]),
        key=lambda h: (-h[0], h[1]),
    )
    if higher:
        names = "; ".join(f"{table.label('group', g)}, {_of_thousand(v)}" for _, g, v in higher[:3])
        said.append(f"Higher still in the chart, of so few links that it may be chance: {names}.")
    return said


def _empty(table: Released) -> list[str]:
    """The groups whose fields are empty much more often, which is why links are missed."""
    said = []
    for group in table.categories("group"):
        times, share = (table.value(m, group=group) for m in ("fields_empty_times", "fields_empty"))
        if times is None or share is None or times.number is None or share.number is None:
            continue
        if group == TOTAL:
            continue
        said.append(
            f"{table.label('group', group)}: {share.number:.1%} of the fields that are compared are empty,"
            f" {times.number:.1f} times as often as in other records of the same lists. Links of this group rest on"
            " less and are the first to be missed."
        )
    return said
