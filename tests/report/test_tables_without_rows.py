"""A place with little to show still gets its pack: a table without a row is left out, not tripped over."""

import pytest

from threecircles.core.tables import Measured
from threecircles.report.pack import make_pack
from threecircles.report.released import released


def test_a_table_without_a_row_is_left_out_of_the_pack(made_up, context):
    """Spine: a council with two returns and no survey gets pages too."""
    empty = [made_up.as_safe(Measured(t.spec, t.frame.clear())) for t in made_up.tables()]
    assert released(empty) == {}
    assert make_pack(empty, context).pages


@pytest.mark.parametrize("name", ["journey-links", "services-timeliness", "circles-place"])
def test_one_table_without_a_row_leaves_the_others_on_their_pages(made_up, context, name):
    """The figures of the other tables stay."""
    tables = made_up.tables()
    some = [
        made_up.as_safe(Measured(t.spec, t.frame.clear() if t.spec.id == name else t.frame))
        for t in tables
    ]
    assert len(released(some)) == len(tables) - sum(t.spec.id == name for t in tables)
    assert make_pack(some, context).pages
