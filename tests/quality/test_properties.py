"""What must hold whatever a return holds (quality 6: properties)."""

import copy

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from threecircles.quality import check_tables

DAYS = st.sampled_from([None, "", "01/04/2025", "31/03/2026", "10/05/2025", "31/02/2025", "x"])
CHILDREN = st.sampled_from([None, "a", "b", "c"])
EPISODE = st.fixed_dictionaries(
    {
        "CHILD": CHILDREN, "DECOM": DAYS, "DEC": DAYS,
        "RNE": st.sampled_from([None, "S", "P", "L"]), "LS": st.sampled_from([None, "C2", "V3", "V4"]),
        "REC": st.sampled_from([None, "X1", "E11", "E3"]), "PLACE": st.sampled_from([None, "U1", "T3", "A3"]),
    }
)  # fmt: skip
HEADER = st.fixed_dictionaries(
    {"CHILD": CHILDREN, "DOB": DAYS, "SEX": st.sampled_from([None, "M", "F"]),
     "UPN": st.sampled_from([None, "UN1", "A123456789123"])}
)  # fmt: skip
RETURN = st.fixed_dictionaries(
    {
        "Episodes": st.lists(EPISODE, min_size=1, max_size=6),
        "Header": st.lists(HEADER, min_size=1, max_size=3),
    }
)
few = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def places(tables):
    return check_tables("903", 2026, tables).places()


@few
@given(RETURN)
def test_a_check_is_the_same_twice_and_changes_no_input(tables):
    """quality 6: idempotence, inputs unchanged (2.3), order of tables irrelevant."""
    before = copy.deepcopy(tables)
    frames = {name: pl.DataFrame(rows, strict=False) for name, rows in tables.items()}
    hashed = {name: frame.hash_rows().sum() for name, frame in frames.items()}
    once = places(tables)
    assert once == places(dict(reversed(tables.items()))) == places(frames)
    assert tables == before
    assert hashed == {name: frame.hash_rows().sum() for name, frame in frames.items()}


@few
@given(RETURN, EPISODE)
def test_an_unrelated_child_changes_no_other_childs_findings(tables, episode):
    """quality 6: monotony."""
    more = {**tables, "Episodes": [*tables["Episodes"], {**episode, "CHILD": "unrelated"}]}
    after = {p for p in places(more) if p[1:] != ("Episodes", len(tables["Episodes"]))}
    # Two rules number the rows of one table under another, so a longer table moves nothing of theirs.
    assert places(tables) <= after
    assert {p for p in after - places(tables) if p[1] == "Episodes"} == set()


@few
@given(st.lists(EPISODE, max_size=6), st.permutations(["CHILD", "DECOM", "DEC", "RNE", "LS"]))
def test_the_count_of_rules_is_always_the_years(rows, columns):
    """quality A14: ran + skipped + failed, whichever columns are there; none fails."""
    kept = [{c: row[c] for c in columns[: 1 + len(rows) % 5]} for row in rows]
    report = check_tables("903", 2026, {"Episodes": kept})
    assert len(report.status) == 311 and report.count("failed") == 0
    assert sum(report.count(s) for s in ("ran", "skipped")) == 311
