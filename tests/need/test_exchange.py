"""Figures of another authority join one's own only when they were made the same way (need N29)."""

import json
from dataclasses import replace

import pytest

from threecircles.core.errors import UsageError
from threecircles.need.exchange import MUST_AGREE, ExchangePack, read_pack, sealed, write_pack

FIGURES = (
    {"measure": "need", "value": 0.24, "low": 0.22, "high": 0.26, "n": 900, "symbol": ""},
    {"measure": "coverage", "value": None, "low": None, "high": None, "n": None, "symbol": "[c]"},
)


def pack(place):
    return sealed(
        ExchangePack(
            released_by=place, released_on="2026-06-01", study="survey-2026", core_hash="c1",
            definitions=("high_need/a@1", "targeted_services/b@1"), scale_form="raw", population="pupils-9-16",
            profile="la-default@1", licence="OGL 3.0", figures=FIGURES,
        )
    )  # fmt: skip


def test_three_boroughs_exchange_packs_end_to_end(tmp_path):
    """need N29: made, exchanged and imported; hidden cells stay hidden and are not hidden again."""
    for place in ("North", "South", "East"):
        write_pack(pack(place), tmp_path / place)
    for place in ("South", "East"):
        rows, said = read_pack(tmp_path / place / "pack.json", pack("North"))
        assert [r["value"] for r in rows] == [0.24, None] and rows[1]["symbol"] == "[c]"
        assert {r["released_by"] for r in rows} == {place} and place in said
        assert all(r["imported_on"] for r in rows)


@pytest.mark.parametrize("part", MUST_AGREE)
def test_a_pack_made_differently_is_refused_naming_how(tmp_path, part):
    """need N29: another core hash, definition, scale form, population or profile is refused naming it."""
    other = ("high_need/a@2",) if part == "definitions" else "other"
    path = write_pack(sealed(replace(pack("South"), **{part: other})), tmp_path)
    with pytest.raises(UsageError) as refused:
        read_pack(path, pack("North"))
    assert part.replace("_", " ") in refused.value.what


def test_a_changed_figure_breaks_the_seal(tmp_path):
    """need N29: a broken seal is refused."""
    path = write_pack(pack("South"), tmp_path)
    held = json.loads(path.read_text())
    held["figures"][0]["value"] = 0.30
    path.write_text(json.dumps(held))
    with pytest.raises(UsageError, match="seal is broken"):
        read_pack(path, pack("North"))
    with pytest.raises(UsageError, match="no whole seal"):
        write_pack(replace(pack("South"), study="x"), tmp_path)
