"""Names by community with unequal frequencies: without it twins would be easier to tell than in life."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass

import numpy as np

from threecircles.core.seeds import rng
from threecircles.definitions import read_csv
from threecircles.synthetic.linkage.profile import Community

_FLATTEN = 8
"""Added to the rank in Zipf's law, so that the commonest name has some 2% and not 15%."""


@dataclass(frozen=True)
class Pool:
    """Names and their cumulative shares."""

    names: np.ndarray
    cumulative: np.ndarray

    def draw(self, random: np.random.Generator, n: int) -> np.ndarray:
        """n names by frequency."""
        return self.names[np.searchsorted(self.cumulative, random.random(n))]


@dataclass(frozen=True)
class Pools:
    """Of one community: boys' names, girls' names, surnames."""

    boys: Pool
    girls: Pool
    surnames: Pool


def pools(community: Community, seed: int) -> Pools:
    """Pools from Faker's locale lists, ordered by our own draw; Faker draws nothing."""
    made = []
    for kind, locales in (
        ("male", community.boys),
        ("female", community.girls),
        ("last", community.surnames),
    ):
        found = sorted({name for locale in locales for name in _listed(locale, kind)})
        order = rng(seed, "pool", community.id, kind).permutation(len(found))
        shares = 1 / (np.arange(len(found)) + _FLATTEN)
        cumulative = np.cumsum(shares / shares.sum())
        cumulative[-1] = 1.0
        made.append(Pool(np.array(found, dtype=object)[order], cumulative))
    return Pools(*made)


def describe(communities: tuple[Community, ...], seed: int) -> dict[str, object]:
    """Sizes of the pools by community and a hash of all names: small pools change the difficulty."""
    digest, sizes = hashlib.sha256(), {}
    for community in communities:
        own = pools(community, seed)
        sizes[community.id] = [len(p.names) for p in (own.boys, own.girls, own.surnames)]
        for pool in (own.boys, own.girls, own.surnames):
            digest.update("|".join(sorted(pool.names)).encode())
    return {"pools": sizes, "hash": digest.hexdigest()[:16]}


def _listed(locale: str, kind: str) -> list[str]:
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    wanted = ["last_names"] if kind == "last" else [f"first_names_{kind}", "first_names"]
    for attribute in wanted:
        listed = getattr(provider, attribute, None)
        if listed:
            return [n for n in listed if n.isascii() or n.isalpha()]
    return []


def nicknames() -> dict[str, list[str]]:
    """Other forms of a name, both ways, from the shipped list."""
    forms: dict[str, list[str]] = {}
    for row in read_csv("identity/nicknames"):
        forms.setdefault(row["name"], []).append(row["form"])
        forms.setdefault(row["form"], []).append(row["name"])
    return forms


def mistype(text: str, random: np.random.Generator) -> str:
    """The text with one letter left out, doubled, changed, or two neighbours changed over."""
    if len(text) < 2:
        return text + "a"
    at, kind = int(random.integers(len(text) - 1)) + (len(text) > 2), int(random.integers(4))
    at = min(at, len(text) - 2)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2:
        return text[:at] + "abcdefghijklmnoprstuvwy"[int(random.integers(23))] + text[at + 1 :]
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def shorten(text: str, forms: dict[str, list[str]], random: np.random.Generator) -> str:
    """A nickname: a listed form, else the first letters with or without an ending."""
    listed = forms.get(text.casefold())
    if listed and random.random() < 0.8:
        return listed[int(random.integers(len(listed)))].title()
    cut = text[: max(3, min(4, len(text) - 2))]
    return cut + ("", "y", "ie")[int(random.integers(3))]
