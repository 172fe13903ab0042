"""Where care leavers live: every code in one kind, custody by its own name and never a suitable home."""

from datetime import date

from threecircles.definitions import read_csv
from threecircles.record.mapping.codes import crosswalk, lookup, nearest

KINDS = {
    "B": "with_family", "Z": "staying_put", "U": "own_tenancy", "D": "supported", "E": "supported",
    "T": "supported", "C": "supported", "K": "lodgings", "X": "custody", "V": "temporary", "W": "temporary",
    "S": "none", "G": "abroad", "R": "not_known", "Y": "other",
}  # fmt: skip
FIRST, LAST = date(2025, 4, 1), date(2026, 3, 31)


def codes():
    return [r["code"] for r in read_csv("codes/leaver-accommodation")]


def test_every_code_of_a_home_falls_in_exactly_one_kind():
    """record A20: B1 to Z2 each in the kind of its letter; none in two."""
    homes = crosswalk("leaver-home")
    lettered = [c for c in codes() if c[0] in KINDS]
    assert len(lettered) >= 20 and len(set(lettered)) == len(lettered)
    assert {c: homes[c] for c in lettered} == {c: KINDS[c[0]] for c in lettered}


def test_custody_is_never_a_suitable_home():
    """record A20: custody has its own name, and no code of it counts as suitable."""
    homes, suitable = crosswalk("leaver-home"), crosswalk("leaver-home-suitable")
    custody = [c for c, kind in homes.items() if kind == "custody"]
    assert custody
    assert {suitable.get(c) for c in custody}.isdisjoint({"suitable"})


def test_a_code_outside_the_list_is_not_taken_for_another():
    """record A20: an unknown code maps to nothing, so that it is listed as unmapped with its nearest."""
    assert "Q9" not in lookup("leaver-home", FIRST, LAST)
    assert nearest("leaver-home", "B9", FIRST, LAST) in {"B1", "B2", None}
