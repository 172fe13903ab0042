"""Names of people and places: without it linkage would be tried on numbers, or worse on real lists.

People's names come from Faker's lists of each language, read at run time and drawn by our own
generator with Zipf-like frequencies; Faker's own random choice, addresses and dates are never used.
"""

from __future__ import annotations

import hashlib
import importlib
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np

# Naming community -> locales whose lists make its pool. Latin script only: returns are in English.
COMMUNITIES: dict[str, tuple[str, ...]] = {
    "british": ("en_GB", "en_IE"),
    "irish": ("ga_IE",),
    "polish_baltic": ("pl_PL", "lt_LT", "lv_LV"),
    "romanian": ("ro_RO",),
    "iberian": ("pt_PT", "es_ES"),
    "indian": ("en_IN",),
    "pakistani_bangladeshi": ("en_PK",),
    "west_african": ("yo_NG", "tw_GH", "ig_NG", "ha_NG"),
    "east_african": ("en_KE", "sw"),
    "turkish": ("tr_TR",),
    "north_african_arab": ("fr_DZ",),
    "east_asian": ("vi_VN", "en_TH"),
}

_STARTS = ("Har", "Wen", "Ald", "Bram", "Cor", "Dun", "El", "Fal", "Gar", "Hol", "Ing", "Kel", "Lang",
           "Mar", "Nor", "Os", "Pen", "Quar", "Row", "Sel", "Thor", "Ul", "Var", "Wy", "Yar")  # fmt: skip
_MIDDLES = ("row", "ders", "en", "ing", "el", "ar", "mer", "ic", "or", "est")
_ENDS = (
    "by",
    "ham",
    "ton",
    "wick",
    "ley",
    "worth",
    "ford",
    "stow",
    "mere",
    "thorpe",
    "den",
    "well",
)
_TAILS = ("Fen", "Cross", "Green", "Heath", "Park", "Bridge", "Hill", "Vale", "Quay", "Common", "Wood",
          "Marsh")  # fmt: skip


@dataclass(frozen=True)
class Pools:
    """Given names by community and sex (0 girls, 1 boys) and surnames by community."""

    given: tuple[tuple[np.ndarray, np.ndarray], ...]
    surnames: tuple[np.ndarray, ...]
    digest: str

    def sizes(self) -> dict[str, tuple[int, int, int]]:
        """Girls' names, boys' names and surnames per community; small pools make linkage harder than life."""
        return {
            name: (len(self.given[i][0]), len(self.given[i][1]), len(self.surnames[i]))
            for i, name in enumerate(COMMUNITIES)
        }


@cache
def pools() -> Pools:
    """The pools as Faker's pinned version holds them, with a hash that the manifest keeps."""
    given, surnames = [], []
    for locales in COMMUNITIES.values():
        lists: dict[str, set[str]] = {"f": set(), "m": set(), "s": set()}
        for locale in locales:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
            both = _words(provider, "first_names")
            lists["f"] |= set(_words(provider, "first_names_female") or both)
            lists["m"] |= set(_words(provider, "first_names_male") or both)
            lists["s"] |= set(_surnames(provider))
        given.append((_array(lists["f"]), _array(lists["m"])))
        surnames.append(_array(lists["s"]))
    digest = hashlib.sha256()
    for girls, boys in given:
        digest.update("|".join([*girls, *boys]).encode())
    for names in surnames:
        digest.update("|".join(names).encode())
    return Pools(tuple(given), tuple(surnames), digest.hexdigest())


def _words(provider: type, name: str) -> list[str]:
    words = [str(w) for w in getattr(provider, name, ())]
    return [] if words in (["John", "Jane"], ["Doe"]) else words


def _surnames(provider: type) -> list[str]:
    words = _words(provider, "last_names")
    if words:
        return words
    return [str(w) for w in getattr(provider, "unisex_last_names", ())]


def _array(words: set[str]) -> np.ndarray:
    kept = {unicodedata.normalize("NFC", w.strip().title().replace("’", "'")) for w in words}
    # Very short or very long entries are mistakes in the lists, not names of children.
    kept = {w for w in kept if 2 <= len(w) <= 18 and all(c.isalpha() or c in "'- " for c in w)}
    # Alphabetical order would make common names look alike; a hash order is as fixed and is not.
    return np.array(sorted(kept, key=lambda w: hashlib.sha256(w.encode()).digest()))


def zipf_choice(g: np.random.Generator, size: int, pool: int, power: float) -> np.ndarray:
    """Indexes into a pool with frequencies 1 / rank ** power."""
    weight = 1 / np.arange(1, pool + 1) ** power
    return np.searchsorted(np.cumsum(weight) / weight.sum(), g.random(size), side="right").clip(
        0, pool - 1
    )


def place_names(g: np.random.Generator, n: int) -> list[str]:
    """Distinct made-up names of places from a table of syllables."""
    words = [f"{a}{b}{c}" for a in _STARTS for b in _MIDDLES for c in _ENDS]
    g.shuffle(words)
    tails = g.integers(0, len(_TAILS), n)
    return [f"{words[i]} {_TAILS[tails[i]]}" for i in range(n)]
