"""What a family takes along when it moves: without it a child would be another child across the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from threecircles.synthetic.geography import Land
from threecircles.synthetic.homes import Homes
from threecircles.synthetic.need import FAMILY_STATES, Latents
from threecircles.synthetic.places.moves import Move, Settled


def both(one: Settled, other: Settled) -> tuple[np.ndarray, np.ndarray]:
    """Positions, in each of two places, of the children whom both know."""
    _, here, there = np.intersect1d(one.person, other.person, return_indices=True)
    return here, there


def shared_latents(
    settled: Sequence[Settled], moves: Sequence[Move], drawn: Sequence[Latents]
) -> list[Latents]:
    """The latents of every place: a child that moved in has those it had, and its family's states hold for all of it."""
    made = [
        replace(d, eta=d.eta.copy(), states=d.states.copy(), severe=d.severe.copy(), held=d.held.copy()) for d in drawn
    ]  # fmt: skip
    for move in moves:
        mine, held = made[move.goal], drawn[move.origin]
        here, there = both(settled[move.goal], settled[move.origin])
        family = settled[move.goal].people.family
        kept = np.isin(family[here], move.here)
        here, there = here[kept], there[kept]
        mine.eta[:, here], mine.states[:, here] = held.eta[:, there], held.states[:, there]
        mine.severe[here], mine.held[here] = held.severe[there], held.held[there]
        # Children born after the move share what their family lives with.
        elder = np.full(len(settled[move.goal].people.fam_lsoa), -1)
        elder[family[here]] = here
        born = np.flatnonzero((family >= 0) & (elder[np.maximum(family, 0)] >= 0))
        of = elder[family[born]]
        states = len(FAMILY_STATES)
        mine.states[:, born, :states] = mine.states[:, of, :states]
        mine.severe[born] = mine.severe[of]
    return made


def shared_homes(
    moves: Sequence[Move], lands: Sequence[Land], homes: Sequence[Homes]
) -> list[Homes]:
    """The homes of every place: a family that moved has one history, wherever it is told."""
    more: list[list[Homes]] = [[] for _ in homes]
    for move in moves:
        early, late = homes[move.origin], homes[move.goal]
        a, pair_a = _stays(early, move.there)
        b, pair_b = _stays(late, move.here)
        a, pair_a = (v[early.start[a] < move.day[pair_a]] for v in (a, pair_a))
        b, pair_b = (v[late.stop[b] > move.day[pair_b]] for v in (b, pair_b))
        pair = np.r_[pair_a, pair_b]
        start = np.r_[early.start[a], np.maximum(late.start[b], move.day[pair_b])]
        stop = np.r_[np.minimum(early.stop[a], move.day[pair_a]), late.stop[b]]
        text = np.r_[lands[move.origin].pc[early.pc[a]], lands[move.goal].pc[late.pc[b]]]
        uprn = np.r_[early.uprn[a], late.uprn[b]]
        for number, families in ((move.origin, move.there), (move.goal, move.here)):
            pc = postcodes(lands[number], text)
            more[number].append(Homes(families[pair], start, stop, pc, uprn))
    return [_joined(own, parts) for own, parts in zip(homes, more, strict=True)]


def _stays(homes: Homes, families: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stays of these families, and which family of the list each is of."""
    number = np.full(int(homes.family.max()) + 1, -1)
    number[families] = np.arange(len(families))
    rows = np.flatnonzero(number[homes.family] >= 0)
    return rows, number[homes.family[rows]]


def postcodes(land: Land, text: np.ndarray) -> np.ndarray:
    """Positions of postcodes in a land that holds them all."""
    order = np.argsort(land.pc, kind="stable")
    return order[np.searchsorted(land.pc[order], text)]


def _joined(own: Homes, parts: Sequence[Homes]) -> Homes:
    kept = ~np.isin(own.family, np.concatenate([p.family for p in parts]))
    columns = {
        name: np.concatenate([getattr(own, name)[kept], *(getattr(p, name) for p in parts)])
        for name in ("family", "start", "stop", "pc", "uprn")
    }
    order = np.lexsort((columns["start"], columns["family"]))
    return Homes(**{name: values[order] for name, values in columns.items()})
