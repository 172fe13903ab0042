"""Children looked after, placement by placement: without it there would be no SSDA903 return.

A period of care is cut at every change of legal status and of placement. The two ladders are drawn
apart and then laid over each other, so that each cut knows which of the two changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.synthetic.care.distance import bring_shares
from threecircles.synthetic.care.providers import Providers, place_children
from threecircles.synthetic.care.raking import rake_placed
from threecircles.synthetic.care.referrals import STAYS, Episodes
from threecircles.synthetic.days import NEVER, birthday
from threecircles.synthetic.geography import Land
from threecircles.synthetic.homes import Homes
from threecircles.synthetic.people import People
from threecircles.synthetic.profile import Profile, Section

LEGAL = ("C1", "C2", "E1", "V2", "L1", "L2")
MOST_MOVES = 9


ADOPTED = ("E11", "E12")
"""Reasons for leaving care by adoption."""


@dataclass(frozen=True)
class LookedAfter:
    """period_*: one entry per period of care. Other arrays: one entry per SSDA903 episode, in order.

    rne, rec, reason: codes. start, end: days, end NEVER is not used; open periods end in the future.
    pc: index of the placement's postcode. home_pc: of the home, -1 for children who came alone.
    """

    period_child: np.ndarray
    period_start: np.ndarray
    period_end: np.ndarray
    period_stay: np.ndarray
    period_need: np.ndarray
    period_home: np.ndarray
    adopted_from: np.ndarray
    decided: np.ndarray
    period: np.ndarray
    start: np.ndarray
    end: np.ndarray
    rne: np.ndarray
    legal: np.ndarray
    place: np.ndarray
    provider: np.ndarray
    urn: np.ndarray
    pc: np.ndarray
    rec: np.ndarray
    reason: np.ndarray

    def lives(self, children: int, day: int) -> np.ndarray:
        """Postcode where each of so many children is placed on a day, -1 for those not in care."""
        found = np.full(children, -1)
        now = (self.start <= day) & (self.end > day)
        found[self.period_child[self.period[now]]] = self.pc[now]
        return found

    def came_from(self, children: int, day: int) -> np.ndarray:
        """Postcode of the home that each of so many children came from, -1 for those not in care on a day."""
        found = np.full(children, -1)
        now = (self.period_start <= day) & (self.period_end > day)
        found[self.period_child[now]] = self.period_home[now]
        return found

    def adopted_by(self, children: int, day: int) -> np.ndarray:
        """True for each of so many children whose last time in care that is over on a day ended by adoption."""
        last = np.r_[self.period[1:] != self.period[:-1], True] & (self.end <= day)
        found = np.zeros(children, dtype=bool)
        # Periods of a child stand in order, so that the last one written is the last there was.
        found[self.period_child[self.period[last]]] = np.isin(self.rec[last], ADOPTED)
        return found


def make_looked_after(
    profile: Profile,
    seed: int,
    land: Land,
    people: People,
    homes: Homes,
    e: Episodes,
    primary_need: np.ndarray,
    providers: Providers,
) -> LookedAfter:
    """Periods of care with their episodes; periods in which two would touch are joined beforehand."""
    p = profile["ladder"]
    rows = np.flatnonzero(e.care_start < NEVER)
    rows = rows[np.lexsort((e.care_start[rows], e.child[rows]))]
    child, start, end, stay = e.child[rows], e.care_start[rows], e.care_end[rows], e.stay[rows]
    n = len(rows)
    need = np.where(np.isin(primary_need[rows], ["N9", "N0"]), "N1", primary_need[rows])
    home = np.where(
        people.family[child] >= 0,
        homes.pc[homes.at(np.maximum(people.family[child], 0), start)],
        -1,
    )
    g = rng(seed, "looked_after", "legal")
    legal, legal_day = _legal_ladder(g, p, people, child, start, end, stay)
    placed = np.where(
        stay == 0, start + np.floor((end - start) * p["placed_at"]).astype("int64"), NEVER
    )
    placed = rake_placed(
        rng(seed, "raking", "placed"), profile, people, start, end, placed, legal_day[:, 2]
    )
    decided = np.where(stay == 0, legal_day[:, 2], NEVER)
    g = rng(seed, "looked_after", "placements")
    move_day, supported = _moves(g, p, people, child, start, end, placed)
    placements = place_children(
        g, p, land, providers, people, child, start, home, move_day,
        _status_on(legal, legal_day, move_day), supported,
    )  # fmt: skip
    bring_shares(
        rng(seed, "looked_after", "distance"), p, land, providers, people.end, start, end, home, move_day,
        placements,
    )  # fmt: skip
    columns = vars(placements)
    cut = _lay_over(legal, legal_day, move_day, columns, start, end)
    rec = _why_ended(rng(seed, "looked_after", "ends"), people, child, end, stay, cut, n)
    reasons, weight = p.shares("reason_shares")
    reason = np.array(reasons)[
        np.searchsorted(
            np.cumsum(weight), rng(seed, "looked_after", "reasons").random(len(cut["period"]))
        ).clip(0, len(weight) - 1)
    ]
    moved_next = np.r_[
        np.isin(cut["rne"][1:], ["P", "B", "T", "U"]) & (cut["period"][1:] == cut["period"][:-1]),
        False,
    ]
    reason = np.where(
        moved_next, np.where(np.r_[np.isin(cut["rne"][1:], ["T", "U"]), False], "PLACE", reason), ""
    )
    return LookedAfter(
        child, start, end, stay, need, home, placed, decided, cut["period"], cut["start"], cut["end"],
        cut["rne"], cut["legal"], cut["place"], cut["provider"], cut["urn"], cut["pc"], rec, reason,
    )  # fmt: skip


def _legal_ladder(
    g: np.random.Generator,
    p: Section,
    people: People,
    child: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    stay: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Up to four legal statuses and the day each began; NEVER where the ladder stopped before."""
    n = len(child)
    names, share = p.shares("entry_legal_shares")
    first = np.array(names)[np.searchsorted(np.cumsum(share), g.random(n)).clip(0, len(share) - 1)]
    age = (start - people.birth[child]) / 365.25
    # Older children mostly come by agreement, babies by order.
    first = np.where((age > 12) & (g.random(n) < p["agreed_share_of_teenagers"]), "V2", first)
    first = np.where(
        (age < 1) & (first == "V2") & (g.random(n) < p["order_share_of_babies"]), "C1", first
    )
    first = np.where(people.uasc[child], "V2", first)
    adopted = stay == 0
    first = np.where(adopted & (first == "V2"), "C1", first)
    status = np.full((n, 4), "", dtype="<U2")
    day = np.full((n, 4), NEVER)
    status[:, 0], day[:, 0] = first, start
    short = np.isin(first, ["L1", "L2"])
    wait = np.where(
        first == "L1",
        g.integers(*_span(p["police_days"]), n),
        g.integers(*_span(p["emergency_days"]), n),
    )
    to_agreed = (g.random(n) < 0.3) & ~adopted
    status[:, 1] = np.where(short, np.where(to_agreed, "V2", "C1"), "")
    day[:, 1] = np.where(short, start + wait, NEVER)
    now, since = np.where(short, status[:, 1], first), np.where(short, day[:, 1], start)
    ordered = (now == "V2") & ~people.uasc[child] & (g.random(n) < p["agreed_to_order_share"])
    order_day = since + g.integers(*_span(p["agreed_days"]), n)
    full_day = np.where(now == "C1", since, order_day) + g.integers(*_span(p["interim_days"]), n)
    # Interim order by agreement cases goes straight to the full order here: four steps are enough.
    full = (now == "C1") | ordered
    order_made = start + np.floor((end - start) * p["placement_order_at"]).astype("int64")
    status[:, 2] = np.where(adopted, "E1", np.where(full, "C2", ""))
    day[:, 2] = np.where(
        adopted, np.maximum(order_made, since + 30), np.where(full, full_day, NEVER)
    )
    late = day >= end[:, None]
    late[:, 0] = False
    return np.where(late, "", status), np.where(late, NEVER, day)


def _span(pair: list[int]) -> tuple[int, int]:
    return pair[0], pair[1] + 1


def _moves(
    g: np.random.Generator,
    p: Section,
    people: People,
    child: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    placed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Days on which a placement began, in order: the first, moves, supported lodgings, adopters.

    Also true for periods that have a move to supported lodgings, which stands in the column before last.
    """
    n = len(start)
    stable = g.random(n) < p["stable_share"]
    rate = np.where(stable, p["moves_a_year_stable"], p["moves_a_year_unstable"])
    gap = np.maximum(6, g.exponential(1, (n, MOST_MOVES - 1)) * 365 / rate[:, None]).astype("int64")
    early = g.random(n) < p["first_placement_share"]
    gap[:, 0] = np.where(early, g.integers(*_span(p["first_placement_days"]), n), gap[:, 0])
    day = np.column_stack([start, start[:, None] + np.cumsum(gap, axis=1)])
    sixteen = birthday(people.birth[child], 16) + g.integers(5, 690, n)
    share = np.where(people.uasc[child], p["supported_share_alone"], p["supported_share"])
    supported = (
        (g.random(n) < share) & (sixteen > start + 5) & (sixteen < end - 20) & (placed == NEVER)
    )
    limit = np.minimum(np.minimum(end, placed), np.where(supported, sixteen, NEVER))
    day = np.where(day < (limit - 5)[:, None], day, NEVER)
    day[:, 0] = start
    return np.column_stack([day, np.where(supported, sixteen, NEVER), placed]), supported


def _status_on(legal: np.ndarray, legal_day: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Legal status on each day of `when` (periods x moves)."""
    found = np.full(when.shape, "", dtype="<U2")
    for k in range(legal.shape[1]):
        found = np.where(legal_day[:, k, None] <= when, legal[:, k, None], found)
    return found


def _lay_over(
    legal: np.ndarray,
    legal_day: np.ndarray,
    move_day: np.ndarray,
    columns: dict[str, np.ndarray],
    start: np.ndarray,
    end: np.ndarray,
) -> dict[str, np.ndarray]:
    """Episodes: one per day on which legal status or placement changed."""
    n, m = move_day.shape
    period = np.concatenate([np.repeat(np.arange(n), 4), np.repeat(np.arange(n), m)])
    day = np.concatenate([legal_day.ravel(), move_day.ravel()])
    kept = day < NEVER
    pairs = np.unique(np.stack([period[kept], day[kept]]), axis=1)
    period, day = pairs
    rows = np.arange(len(period))
    last = np.r_[period[1:] != period[:-1], True]
    stop = np.where(last, end[period], np.r_[day[1:], 0])
    status = _status_on(legal[period], legal_day[period], day[:, None])[:, 0]
    at = np.full(len(period), 0)
    for k in range(m):
        at = np.where(move_day[period, k] <= day, k, at)
    first = np.r_[True, last[:-1]]
    legal_changed = np.r_[True, status[1:] != status[:-1]]
    move_changed = np.r_[True, at[1:] != at[:-1]]
    same_carer = columns["place"][period, at] == "A5"
    rne = np.where(
        legal_changed & move_changed,
        np.where(same_carer, "U", "B"),
        np.where(move_changed, np.where(same_carer, "T", "P"), "L"),
    )
    rne = np.where(first, "S", rne)
    out = {name: values[period, at] for name, values in columns.items()}
    # A legal status that did not change after all makes no episode of its own.
    keep = first | legal_changed | move_changed
    del rows
    out |= {"period": period, "start": day, "end": stop, "rne": rne, "legal": status}
    out = {k: v[keep] for k, v in out.items()}
    out["end"] = np.where(
        np.r_[out["period"][1:] != out["period"][:-1], True],
        end[out["period"]],
        np.r_[out["start"][1:], 0],
    )
    return out


def _why_ended(
    g: np.random.Generator,
    people: People,
    child: np.ndarray,
    end: np.ndarray,
    stay: np.ndarray,
    cut: dict[str, np.ndarray],
    n: int,
) -> np.ndarray:
    """X1 inside a period; at its end the code that fits how the stay was meant to end."""
    last = np.r_[cut["period"][1:] != cut["period"][:-1], True]
    q = cut["period"]
    draw = g.random(n)[q]
    foster = np.char.startswith(cut["place"], "U")
    adult = birthday(people.birth[child], 18)[q]
    code = np.where(draw < 0.75, "E4A", "E4B")
    guardian = np.where(
        foster, np.where(draw < 0.7, "E45", "E46"), np.where(draw < 0.8, "E47", "E48")
    )
    by_stay = np.select(
        [stay[q] == 0, stay[q] == 1, stay[q] == STAYS.index("other")],
        [
            np.where(draw < 0.5, "E11", "E12"),
            guardian,
            np.where(draw < 0.5, "E8", np.where(draw < 0.8, "E13", "E41")),
        ],
        code,
    )
    grown = np.where(
        foster & (draw < 0.55),
        "E17",
        np.where(draw < 0.85, "E5", np.where(draw < 0.95, "E6", "E7")),
    )
    by_stay = np.where(end[q] >= adult, grown, by_stay)
    by_stay = np.where((end[q] == people.exit[child][q]) & (end[q] < adult), "E3", by_stay)
    by_stay = np.where(end[q] == people.death[child][q], "E2", by_stay)
    return np.where(last, by_stay, "X1")


def adopter_days(profile: Profile, seed: int, care: LookedAfter) -> tuple[np.ndarray, np.ndarray]:
    """Day a match was made for each adopted child, and whether the foster carers adopt (A5)."""
    g = rng(seed, "looked_after", "adopters")
    match = care.adopted_from - g.integers(5, 40, len(care.adopted_from))
    return np.maximum(match, care.decided), np.isin(
        np.arange(len(match)), care.period[care.place == "A5"]
    )
