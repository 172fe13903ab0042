"""Only what disclosure has let out can be on a page, and only with the number it let out."""

from dataclasses import replace

import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.safety import Sensitive
from threecircles.report.model import (
    Figure,
    Findings,
    Gallery,
    Keyfigure,
    Keyfigures,
    Lead,
    Page,
    Value,
)
from threecircles.report.pack import make_pack
from threecircles.report.pages import pages_of
from threecircles.report.released import released


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: Sensitive(t.frame)], ids=["measured", "sensitive"]
)
def test_a_table_that_is_not_safe_is_refused(made_up, context, wrap):
    """A10: by the pack, by the reader of tables and by the page itself."""
    table = wrap(made_up.tables()[0])
    with pytest.raises(NotPermitted):
        make_pack([table], context)
    with pytest.raises(NotPermitted):
        Page(id="x", slug="x", title="x", summary=(), blocks=(), tables=(table,))


def test_a_number_that_was_not_released_cannot_be_on_a_page(made_up):
    """A10: the page looks every number up again in the table it names."""
    safe = made_up.as_safe(made_up.tables()[0])
    value = released([safe])["circles-place"].value("need")
    good = Keyfigures((Keyfigure(value, "need"),))
    Page(id="x", slug="x", title="x", summary=(), blocks=(good,), tables=(safe,))
    for wrong in (replace(value, number=0.5), replace(value, cell=("other", 0, "value"))):
        with pytest.raises(UsageError):
            Page(
                id="x", slug="x", title="x", summary=(),
                blocks=(Keyfigures((Keyfigure(wrong, "need"),)),), tables=(safe,),
            )  # fmt: skip


def test_every_drawn_number_stands_in_the_table_below(pack):
    """A6: chart and table never disagree."""
    figures = 0
    for page in pack.pages:
        for figure in _figures(page):
            figures += 1
            below = {c.cell for row in figure.table.rows for c in row if isinstance(c, Value)}
            assert {v.cell for _, v in figure.drawn} <= below, figure.id
            assert figure.title
            assert figure.desc
            assert len(figure.desc.split()) <= 60
    assert figures >= 9


def test_every_finding_leads_to_a_page_of_the_pack_or_nowhere(pack):
    """A14: a finding's link is the slug of a page; words put there by mistake would be a broken link."""
    slugs = {p.slug for p in pack.pages}
    found = [f for p in pack.pages for b in p.blocks if isinstance(b, Findings) for f in b.findings]
    assert len(found) > 2
    assert {f.more for f in found} <= {"", *slugs}


def test_a_hidden_value_is_in_no_drawing_and_no_description(made_up, context):
    """A6: the symbol takes its place everywhere, and alternative text holds nothing of it."""
    canary = 0.123456
    rows = [
        {"measure": "impaired", "value": None, "symbol": "[c]", "dimension": "a", "n": None},
        made_up.share("impaired", 0.3, dimension="b"),
    ]
    from threecircles.core.tables import Dimension

    table = made_up.measured(
        made_up.spec("need-dimensions", "Kinds", Dimension(column="dimension", label="Kind")), rows
    )
    pack = make_pack([made_up.as_safe(table)], context)
    need = next(p for p in pack.pages if p.slug == "need")
    figure = next(_figures(need))
    assert str(canary) not in figure.svg.text
    assert "1 hidden" in figure.desc
    assert [c if isinstance(c, str) else c.symbol for c in figure.table.rows[0][1:3]] == [
        "[c]",
        "[c]",
    ]


def test_each_missing_table_leaves_its_page_and_says_so(made_up, context):
    """A18: whatever did not come, every page of the pack is there."""
    every = made_up.tables()
    slugs = [p.slug for p in pages_of(released([]), context)]
    for left_out in range(len(every)):
        kept = [made_up.as_safe(t) for k, t in enumerate(every) if k != left_out]
        assert [p.slug for p in pages_of(released(kept), context)] == slugs
    empty = {p.slug: p for p in pages_of(released([]), context)}
    for slug in (
        "index",
        "need",
        "services",
        "spend",
        "outcomes",
        "places",
        "neighbours",
        "quality",
        "linkage",
    ):
        assert any(type(b).__name__ == "Nothing" for b in empty[slug].blocks), slug


def test_a_value_knows_its_lineage(made_up):
    """Each number has the id that `threecircles lineage` takes, the same in every run."""
    from threecircles.core.tables import number_id

    table = released([made_up.as_safe(t) for t in made_up.tables()])["circles-deprivation"]
    value = table.value("need", fifth="1")
    assert value.lineage == number_id("circles-deprivation", {"fifth": "1"}, "need")


def test_hidden_overlap_is_drawn_as_a_range_never_as_nought(made_up, context):
    """Section 4: a suppressed overlap gives least and most, and no key figure of it."""
    rows = [
        made_up.share(m, v)
        for m, v in (("need", 0.24), ("service", 0.10), ("both", None), ("coverage", None))
    ]
    safe = made_up.as_safe(made_up.measured(made_up.spec("circles-place", "Circles"), rows))
    first = pages_of(released([safe]), context)[0]
    lead = first.blocks[0]
    assert isinstance(lead, Lead)
    assert "Least overlap" in lead.figure.svg.text
    assert "not shown" in lead.sentence


def _figures(page):
    for block in page.blocks:
        if isinstance(block, Lead):
            yield block.figure
        elif isinstance(block, Figure):
            yield block
        elif isinstance(block, Gallery):
            yield from block.figures
