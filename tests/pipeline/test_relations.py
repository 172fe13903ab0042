"""No measure of a run is the sum of others without saying so: such a sum would give hidden counts away."""

from __future__ import annotations

from threecircles.core.tables import read_measured
from threecircles.core.workspace import open_workspace
from threecircles.disclosure.cast import cast
from threecircles.disclosure.linked_tables import links_among
from threecircles.disclosure.profiles import profile
from threecircles.disclosure.protecting import is_covered
from threecircles.disclosure.rights.held import stored
from threecircles.disclosure.undeclared import undeclared_sums


def covered_tables(hamlet):
    tables = [read_measured(s.path) for s in stored(open_workspace(hamlet.workspace)) if s.measured]
    return [t for t in tables if is_covered(t)]


def test_every_sum_between_the_measures_of_a_run_is_declared(hamlet):
    """disclosure A1: definitions/disclosure_profiles/relations.csv names them all."""
    covered = covered_tables(hamlet)
    assert len(covered) > 10
    assert undeclared_sums(covered) == []


def test_what_is_declared_of_two_tables_is_true_of_a_run(hamlet):
    """disclosure A1: definitions/disclosure_profiles/linked_tables.csv: moves and states, map, flow, funnel, costs.

    A child who makes one move twice is one among the moves and two among the states: the only gap there is.
    """
    register = cast(covered_tables(hamlet), lambda _: profile("la-default")).register
    value = {key: register.value[at] for key, at in register.number.items()}
    links = list(links_among(register.number, register.names))
    told = {key[0].split("|")[0] for left, right in links for key in (*left, *right)}
    assert told == {
        "children-first-helped", "children-in-care-in-year", "children-known", "children-referred",
    }  # fmt: skip
    for left, right in links:
        moves, states = (sum(value[key] for key in side) for side in (left, right))
        twice = left[0][0].startswith("children-first-helped|")
        assert moves == states or (twice and moves <= states), (left, right)
