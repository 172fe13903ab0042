"""No measure of a run is the sum of others without saying so: such a sum would give hidden counts away."""

from __future__ import annotations

from threecircles.core.tables import read_measured
from threecircles.core.workspace import open_workspace
from threecircles.disclosure.protecting import is_covered
from threecircles.disclosure.rights.held import stored
from threecircles.disclosure.undeclared import undeclared_sums


def test_every_sum_between_the_measures_of_a_run_is_declared(hamlet):
    """disclosure A1: definitions/disclosure_profiles/relations.csv names them all."""
    tables = [read_measured(s.path) for s in stored(open_workspace(hamlet.workspace)) if s.measured]
    covered = [t for t in tables if is_covered(t)]
    assert len(covered) > 10
    assert undeclared_sums(covered) == []
