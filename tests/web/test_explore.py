"""Exploring the released figures: a closed set, answered without an oracle."""

import json
import re

import pytest

from threecircles.core.seeds import rng


@pytest.fixture(scope="module")
def listed(site):
    """The released list of what may be asked for."""
    return json.loads((site / "explore.json").read_text(encoding="utf-8"))


def test_every_permitted_combination_is_a_released_page(client, listed):
    """A11: the set is closed, listed with its number, and each address answers."""
    assert listed["number"] == len(listed["states"]) > 5
    for address in listed["states"]:
        answer = client.get(address)
        assert answer.status_code == 200
        assert "<table" in answer.text


def test_every_number_of_an_explored_page_is_in_the_tables_that_were_attacked(pack):
    """A11: explored pages hold Safe tables of the pack and no other number."""
    own = {t.spec.id for p in pack.pages if not p.slug.startswith("explore/") for t in p.tables}
    explored = [p for p in pack.pages if p.slug.startswith("explore/")]
    assert explored
    assert {t.spec.id for p in explored for t in p.tables} <= own


def fuzzed(addresses, number):
    """Query strings near and far from permitted ones, the same in every run."""
    draw = rng(11, "explore")
    keys = ["area", "group", "period", "sort", "Area", "area[]", ""]
    words = [
        "ward",
        "sex",
        "age",
        "lsoa21",
        "E05900001",
        "All",
        "",
        "..",
        "%00",
        "'",
        "a" * 300,
        "ward&x=1",
    ]
    periods = [re.search(r"period=([^&]*)", a)[1] for a in addresses]
    for _ in range(number):
        indicator = draw.choice(
            [a.split("?")[0] for a in addresses] + ["/explore/none", "/explore/x'y"]
        )
        pairs = [
            (draw.choice(keys), draw.choice(words + periods)) for _ in range(draw.integers(0, 4))
        ]
        yield f"{indicator}?" + "&".join(f"{k}={v}" for k, v in pairs)


@pytest.mark.parametrize("number", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_request_gives_a_permitted_page_or_a_plain_refusal(client, listed, number):
    """A11: fuzzed addresses give 200 of the permitted, 404 or 400, and nothing else."""
    for address in fuzzed(list(listed["states"]), number):
        answer = client.get(address)
        assert answer.status_code in (200, 400, 404), address
        if answer.status_code == 200:
            assert address in listed["states"]


def test_what_is_hidden_and_what_does_not_exist_are_answered_alike(client, listed):
    """A11: same status, same words, same length class."""
    first = next(iter(listed["states"]))
    hidden = client.get(re.sub(r"period=[^&]*", "period=year-ending-31-march-1999", first))
    unheard = client.get(re.sub(r"(area|group)=[^&]*", r"\1=shoe-size", first))
    assert (hidden.status_code, unheard.status_code) == (404, 404)
    assert hidden.text == unheard.text
    assert "This breakdown is not released." in hidden.text


def test_an_address_says_one_thing_in_one_way(client, listed):
    """A11: unknown, repeated or reordered parameters are refused."""
    first = next(a for a in listed["states"] if "area=" in a)
    path, _, query = first.partition("?")
    turned = "&".join(reversed(query.split("&")))
    for address in (f"{path}?{turned}", f"{first}&period=x", f"{first}&sort=value"):
        assert client.get(address).status_code == 400


def test_the_list_of_breakdowns_leads_to_each_page(client, listed):
    text = client.get("/explore").text
    assert all(page in text for page in listed["states"].values())
