"""Two conditions held together under careful and generous links (need N27)."""

from datetime import date

import narwhals as nw
import numpy as np
import polars as pl
import pytest

from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.combine import combination_tables
from threecircles.need.conditions import combinations_definition
from threecircles.need.linked_pairs import Links, at_most, ends, links_of

STANDARD = combinations_definition()
CONDITION = {c.id: c for c in STANDARD.conditions}
CIN, CPP, SEN, HELP = (CONDITION[c] for c in ("cin", "cpp", "sen", "early_help"))


def errors(missing, wrong):
    """linkage-errors as identity makes it: of 1,000 links, upper ends of those missing and wrong."""
    frame = pl.DataFrame(
        [(TOTAL, "links_missing", 1.0, missing), (TOTAL, "links_wrong", 1.0, wrong), ("sex:F", "links_missing", 900.0, 950.0),
         (TOTAL, "links", 10.0, None)],
        schema={"group": pl.String, "measure": pl.String, "value": pl.Float64, "high": pl.Float64}, orient="row",
    )  # fmt: skip
    spec = TableSpec(
        id="linkage-errors", title="", population="", period="", unit="",
        dimensions=(Dimension(column="group", label=""),),
    )  # fmt: skip
    return Measured(spec, frame)


def pointers(*rows):
    types = {"person_id": pl.String, "source_id": pl.String, "p": pl.Float64}
    return nw.from_native(pl.DataFrame(rows, schema=types, orient="row").lazy())


def children(*rows):
    """Children by hand: person, age, month of birth, and the conditions they hold."""
    made = []
    for person, age, month, held in rows:
        told = {c: "yes" if c in held.split() else "no" for c in CONDITION}
        made.append({"person_id": person, "age": age, "birth_month": date(2014, month, 1)} | told)
    return pl.DataFrame(made)


def test_only_links_that_are_all_but_sure_are_careful():
    """need N27: a record that needs no link is sure; one at .94 is not; a second, sure record is enough."""
    found = links_of(
        pointers(
            ("a", "cin-census", 0.95), ("b", "cin-census", 0.94), ("c", "cin-census", None), ("b", "school-census", 0.99),
            ("d", "cin-census", 0.4), ("d", "cin-census", 0.96), (None, "cin-census", 0.99),
        ),
        errors(30.0, 12.0),
    )  # fmt: skip
    assert found.sure == {"cin-census": {"a", "c", "d"}, "school-census": {"b"}}
    assert found.alone == {"a", "c", "d"}
    assert (found.missing, found.wrong) == (0.03, 0.012), "upper ends, and of all links"


def test_where_the_purpose_hides_how_sure_links_are_nothing_is_told():
    bare = nw.from_native(pl.DataFrame({"person_id": ["a"], "source_id": ["cin-census"]}).lazy())
    assert links_of(bare, None) is None


def test_two_conditions_of_one_source_hang_on_no_link():
    """need N27."""
    held = children(("a", 11, 1, "cin cpp sen"), ("b", 11, 2, "cin cpp sen"), ("c", 11, 3, "sen"))
    sure = {"school-census": frozenset("ab"), "cin-census": frozenset("a")}
    links = Links(sure, frozenset(), 0.0, 0.0)
    assert ends(held, CIN, CPP, links) == (2, 2)
    assert ends(held, CIN, SEN, links) == (1, 2)
    assert ends(held, CIN, SEN, Links({}, frozenset(), 0.0, 0.0)) == (0, 2)
    assert ends(held, CIN, SEN, Links(sure, frozenset()))[1] is None, "nothing is known of links"


def test_records_joined_to_nothing_may_be_each_others_where_born_in_one_month():
    """need N27: two in need and three with special needs, alone: in March one pair, in May one, in June none."""
    held = children(
        ("a", 11, 3, "cin"), ("b", 11, 5, "cin"), ("c", 11, 5, "cin"), ("x", 11, 3, "sen"), ("y", 11, 5, "sen"),
        ("z", 11, 6, "sen"), ("both", 11, 5, "cin sen"), ("linked", 11, 3, "sen"),
    )  # fmt: skip
    alone = frozenset("abcxyz")
    low, high = ends(held, CIN, SEN, Links({"cin-census": frozenset({"both"}), "school-census": frozenset({"both"})}, alone, 0.0, 0.0))  # fmt: skip
    assert (low, high) == (1, 3)


def test_a_child_too_young_for_a_source_cannot_be_hidden_in_it():
    held = children(("a", 2, 3, "cin"), ("x", 11, 3, "sen"))
    assert ends(held, CIN, SEN, Links({}, frozenset("ax"), 0.0, 0.0)) == (0, 0)
    assert ends(held, CIN, HELP, Links({}, frozenset("ax"), 0.0, 0.0)) == (0, 0)


@pytest.mark.parametrize(("expected", "most"), [(0.0, 0), (0.02, 0), (0.1, 1), (1.0, 3), (10.0, 17), (600.0, 649)])  # fmt: skip
def test_an_end_allows_for_all_but_one_in_forty_of_chances(expected, most):
    """Quantiles of the Poisson distribution at .975 (Pearson and Hartley's tables); the normal one where large."""
    assert at_most(expected) == most


def made_up_links(seed, n=4000):
    """Services' records of made-up children, linked with errors; what truly was and what is seen.

    A record belongs to the child it may be linked to with its probability p, and is linked from .3 on. One that is
    linked wrongly is another child's; one that is linked to nobody, or to the wrong child, stands as a person of its own.
    """
    g = np.random.default_rng(seed)
    source = {c: CONDITION[c].answers_from for c in CONDITION}
    sources = sorted(set(source.values()))
    born = g.integers(0, 120, n)
    true = {c: g.random(n) < g.uniform(0.02, 0.2) for c in CONDITION}
    p = {s: g.choice([0.999, 0.9, 0.5, 0.1], n, p=[0.92, 0.05, 0.02, 0.01]) for s in sources}
    right = {s: (p[s] >= 0.3) & (g.random(n) < p[s]) for s in sources}
    wrong = {s: (p[s] >= 0.3) & ~right[s] for s in sources}
    persons, months = [f"p{i}" for i in range(n)], [born]
    seen = {c: np.where(right[source[c]], true[c], wrong[source[c]] & np.roll(true[c], 1)) for c in true}  # fmt: skip
    for s in sources:
        apart = np.flatnonzero(~right[s])
        persons += [f"{s}:{i}" for i in apart]
        months.append(born[apart])
        for c in true:
            own = true[c][apart] if source[c] == s else np.zeros(len(apart), bool)
            seen[c] = np.concatenate([seen[c], own])
    rows = {"person_id": persons, "age": [11] * len(persons)}
    rows |= {"birth_month": [date(2008 + m // 12, m % 12 + 1, 1) for m in np.concatenate(months)]}
    rows |= {c: np.where(seen[c], "yes", "no") for c in true}
    made = [(f"p{i}", s, float(p[s][i])) for s in sources for i in range(n) if p[s][i] >= 0.3]
    made += [(name, name.partition(":")[0], None) for name in persons[n:]]
    links = sum(int((p[s] >= 0.3).sum()) for s in sources)
    missed = 1 - sum(int(v.sum()) for v in right.values()) / (len(sources) * n)
    astray = sum(int(v.sum()) for v in wrong.values()) / links
    return true, pl.DataFrame(rows), made, errors(1000 * missed, 1000 * astray)


def test_what_truly_was_lies_between_careful_and_generous_in_95_of_100_pairs():
    """need N27: careful <= truth <= generous in at least 95% of pairs with errors of linkage on."""
    inside = pairs = point = across = 0
    for seed in range(4):
        true, held, made, told = made_up_links(seed)
        table = combination_tables(held, STANDARD, "x", links_of(pointers(*made), told))[2].frame
        for row in table.filter(measure="children").to_dicts():
            first, second = row["first"], row["second"]
            truth = int((true[first] & true[second]).sum())
            pairs += 1
            inside += row["low"] <= truth <= row["high"]
            if CONDITION[first].answers_from != CONDITION[second].answers_from:
                across += 1
                point += row["value"] == truth
    assert inside >= 0.95 * pairs, inside / pairs
    assert point < 0.5 * across, "links were hardly wrong, so nothing was tried"
