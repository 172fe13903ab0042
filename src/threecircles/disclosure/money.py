"""Amounts that give away who paid or was paid: one provider with most of a total can be read off it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from threecircles.core.errors import NotPermitted, UsageError, did_you_mean
from threecircles.core.rounding import round_half_away
from threecircles.disclosure.columns import Layout, layout_of
from threecircles.disclosure.complete import complete
from threecircles.disclosure.files import Sheet, read_sheets
from threecircles.disclosure.hiding import hide
from threecircles.disclosure.layout import Entry, entries, is_total
from threecircles.disclosure.profiles import Dominance, Profile, dominated
from threecircles.disclosure.protected import HiddenCell, Protected
from threecircles.disclosure.safe_copy import write_copies

Group = tuple[str, ...]


def protect_money(
    table: Path | Sequence[Path],
    rule: Profile,
    out: Path,
    *,
    contributors: str,
    amount: str | None = None,
) -> Protected:
    """Write the sums of a list of amounts, with all totals, so that no contributor can be read off.

    table: one line per contribution: columns that divide, the contributor, the amount. A sum is
    hidden when it has fewer contributors than the profile asks, or one or a few have most of it
    (`dominated`); others are hidden so that these cannot be worked out. Raises UsageError when the
    table has no such column or the profile no rule for money, NotPermitted when no pattern is safe.
    """
    sheets = read_sheets([table] if isinstance(table, Path) else table)
    sheet = sheets[0]
    if rule.dominance is None:
        raise UsageError(
            f"The profile {rule.id} has no rule for contributors.", allowed="acro-10, spend"
        )
    if len(sheets) > 1 or contributors not in sheet.header:
        raise UsageError(
            f"There is no column {contributors}.", where=sheet.name, allowed=", ".join(sheet.header),
            mend=did_you_mean(contributors, sheet.header),
        )  # fmt: skip
    lines, layout = _lines(sheet, contributors, amount)
    summed, given = _sums(lines, layout)
    found = entries(summed, layout)
    made = complete(found)
    also, width = _dominated(found, made.at, given, rule, rule.dominance)
    plain = rule.__class__(
        **{
            **rule.__dict__,
            "hide_from": 1,
            "hide_to": 0,
            "zero": "show",
            "round_base": None,
            "complement": False,
        }
    )
    hiding = hide(made, plain, also=also, width=width)
    gone = {
        (e.sheet, e.row, e.column): HiddenCell(
            e.row, e.column, dict(e.at), hiding.why.get(at, "without it a hidden amount could be worked out"), e.sheet
        )
        for e, at in zip(found, made.at, strict=True)
        if hiding.hidden[at]
    }  # fmt: skip
    write_copies([summed], dict.fromkeys(gone, rule.symbol), out)
    first = sum(1 for c in gone.values() if not c.why.startswith("without"))
    lost = sum(e.told.low for e in found if (e.sheet, e.row, e.column) in gone)
    note = f"amounts are summed over {contributors} in whole units, with all totals"
    return Protected(
        sheet.name,
        rule.id,
        len(found),
        first,
        len(gone) - first,
        float(lost),
        tuple(gone.values()),
        (note,),
    )


def _lines(
    sheet: Sheet, contributors: str, amount: str | None
) -> tuple[list[tuple[Group, str, float]], Layout]:
    """Group, contributor and amount of each line, totals left out."""
    guess = layout_of(sheet, amount)
    counts = [amount] if amount else [h for h in guess.counts if h != contributors]
    if len(counts) != 1:
        raise UsageError(
            "Several columns could be the amount.", where=sheet.name, found=", ".join(counts),
            mend="Name it: --count NAME.",
        )  # fmt: skip
    own = tuple(h for h in guess.groups if h != contributors)
    layout = Layout(own, tuple(counts), (), (), False)
    place = {h: i for i, h in enumerate(sheet.header)}
    lines = []
    for number, row in enumerate(sheet.rows):
        group = tuple(row[place[h]] for h in own)
        if any(is_total(v) or not v for v in (*group, row[place[contributors]])):
            continue
        text = row[place[counts[0]]]
        try:
            value = float(text.replace(",", "").replace("£", "") or 0)
        except ValueError:
            raise UsageError(
                "This is not an amount.",
                where=f"{sheet.name}, row {sheet.first + number}",
                found=text,
            ) from None
        if value < 0:
            raise UsageError(
                "Amounts below nought cannot be protected here.", where=f"{sheet.name}, row {sheet.first + number}",
                found=text, mend="Take income out, or show it in a table of its own.",
            )  # fmt: skip
        lines.append((group, row[place[contributors]], round_half_away(value)))
    if not lines:
        raise NotPermitted("There is no contribution in the table.", where=sheet.name)
    return lines, layout


def _sums(
    lines: Sequence[tuple[Group, str, float]], layout: Layout
) -> tuple[Sheet, dict[Group, dict[str, float]]]:
    """A table with all totals, and for each of its lines what each contributor adds to it."""
    given: dict[Group, dict[str, float]] = {}
    size = len(layout.groups)
    for group, who, value in lines:
        for mask in range(2**size):
            key = tuple("All" if mask >> i & 1 else v for i, v in enumerate(group))
            own = given.setdefault(key, {})
            own[who] = own.get(who, 0.0) + value
    ordered = sorted(given, key=lambda g: tuple((v == "All", v) for v in g))
    rows = tuple((*g, f"{sum(given[g].values()):.0f}") for g in ordered)
    return Sheet("sums", (*layout.groups, layout.counts[0]), rows, 2), {
        g: given[g] for g in ordered
    }


def _dominated(
    found: Sequence[Entry],
    at: Sequence[int],
    given: Mapping[Group, Mapping[str, float]],
    rule: Profile,
    dominance: Dominance,
) -> tuple[dict[int, str], dict[int, float]]:
    """Sums that give a contributor away, with the reason; and how wide what is inferred of them must stay."""
    least = rule.min_units.get("providers", 0)
    why: dict[int, str] = {}
    width: dict[int, float] = {}
    for e, cell, own in zip(found, at, given.values(), strict=True):
        amounts = sorted(own.values(), reverse=True)
        most, rest = dominated(amounts, dominance)
        few = 0 < len(amounts) < least
        if not (most or rest or few):
            continue
        why[cell] = (
            f"it has fewer than {least} contributors" if few
            else f"{dominance.n} contributors have more than {dominance.k:g}% of it" if most
            else f"all but the two largest are less than {dominance.p:g}% of the largest"
        )  # fmt: skip
        width[cell] = max(rule.min_width, float(np.ceil(2 * dominance.p / 100 * e.told.low)))
    return why, width
