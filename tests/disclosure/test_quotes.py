"""Children's words: nothing is quoted that two people have not read."""

from __future__ import annotations

import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.disclosure import quotes, state

TEXT = "My brother died in March and the nurse at Oakfield School listened."


def taken(folder, text=TEXT, consent="yes", attribution=None, children=200):  # type: ignore[no-untyped-def]
    told = {"phase": "secondary"} if attribution is None else attribution
    return quotes.take(folder, text, consent, attribution=told, children=children, by="analyst")


def test_names_places_dates_and_rare_events_are_marked(tmp_path):
    assert {"March", "died", "Oakfield School"} <= set(quotes.marks(TEXT))
    assert quotes.marks("i go to the hub on abbey road", ["Abbey"]) == ["Abbey"]


@pytest.mark.parametrize(
    ("consent", "attribution", "children", "said"),
    [
        ("no", {}, 200, "did not agree"),
        ("yes", {"ward": "Abbey"}, 49, "too small"),
        ("yes", {"age": "12", "sex": "F", "area": "Abbey"}, 200, "never stand beside"),
    ],
)
def test_what_may_not_be_quoted_is_not_taken_up(tmp_path, consent, attribution, children, said):
    with pytest.raises(NotPermitted, match=said):
        taken(tmp_path, consent=consent, attribution=attribution, children=children)
    assert quotes.quotes(tmp_path) == []


def test_marks_are_settled_by_hand_and_a_change_is_said(tmp_path):
    number = taken(tmp_path).id
    with pytest.raises(NotPermitted, match="not settled"):
        quotes.settle(tmp_path, number, TEXT, note="", by="ann")
    with pytest.raises(UsageError, match="what was changed"):
        quotes.settle(tmp_path, number, "The nurse listened.", note=" ", by="ann")
    done = quotes.settle(
        tmp_path, number, "The nurse listened.", note="a loss and a place left out", by="ann"
    )
    assert (done.original, done.shown, done.state) == (TEXT, "The nurse listened.", "settled")


def test_words_of_a_child_who_agreed_to_a_paraphrase_are_not_shown(tmp_path):
    number = taken(tmp_path, "they never listen", consent="paraphrase").id
    with pytest.raises(NotPermitted, match="paraphrase only"):
        quotes.settle(tmp_path, number, "They never  listen", note="", by="ann")
    assert quotes.settle(tmp_path, number, "not heard", note="in other words", by="ann").shown


def test_the_second_reader_is_somebody_else_and_only_then_it_may_leave(tmp_path):
    """disclosure A13: for quotes."""
    number = taken(tmp_path, "they never listen").id
    quotes.settle(tmp_path, number, "they never listen", note="", by="ann")
    assert quotes.unread(tmp_path, ["They never listen"])
    with pytest.raises(NotPermitted, match="somebody else"):
        quotes.second(tmp_path, number, by="ann")
    quotes.second(tmp_path, number, by="ben")
    assert quotes.unread(tmp_path, ["They never listen", ""]) == []
    assert quotes.unread(tmp_path, ["They always listen"])


def test_harm_stops_a_quote_and_tells_the_panel(tmp_path):
    number = taken(tmp_path, "he hits me").id
    quotes.settle(tmp_path, number, "he hits me", note="", by="ann")
    quotes.harm(tmp_path, number, by="ann")
    with pytest.raises(NotPermitted, match="safeguarding panel"):
        quotes.second(tmp_path, number, by="ben")
    with state.state(tmp_path) as kept:
        told = [tuple(map(str, r)) for r in kept.execute("SELECT * FROM notice")]
    assert any(quotes.PANEL in row for row in told) and not any("hits" in " ".join(r) for r in told)
