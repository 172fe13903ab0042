"""Words and numbers as a reader gets them (report.md 8)."""

import re
from html.parser import HTMLParser

import pytest

from threecircles.definitions import read_csv
from threecircles.report.model import Value
from threecircles.report.words import (
    apart,
    hundred_interval,
    in_hundred,
    interval_of,
    money,
    plain,
    text_of,
    within,
)

FIELD_TERMS = (
    "statistical", "neighbours", "authorities", "authority", "population", "vulnerability", "definition", "deprivation",
    "accessibility", "education", "disclosure", "confidential", "provisional", "reliability", "available",
)  # fmt: skip


@pytest.mark.parametrize(
    ("x", "decimals", "text"),
    [(2.5, 0, "3"), (-2.5, 0, "−3"), (1234567.0, 0, "1,234,567"), (0.049, 1, "0.0"), (-0.04, 1, "0.0"), (2.675, 2, "2.68")],
)  # fmt: skip
def test_numbers_round_half_away_from_nought_with_a_true_minus(x, decimals, text):
    assert plain(x, decimals) == text


def test_shares_are_said_for_people():
    value = Value(number=0.24, low=0.217, high=0.264, n=900, kind="percent", decimals=1)
    assert in_hundred(value) == "about 24 in 100"
    assert hundred_interval(value) == "22 to 26"
    assert text_of(value) == "24%"
    assert interval_of(value) == "22 to 26%"


def test_percentages_have_a_decimal_only_on_a_thousand_children():
    assert text_of(Value(number=0.2414, n=999, kind="percent", decimals=1)) == "24%"
    assert text_of(Value(number=0.2414, n=1_000, kind="percent", decimals=1)) == "24.1%"


def test_money_is_said_in_its_own_size():
    assert money(15_136_579_680) == "£15.1 billion"
    assert money(12_340_000) == "£12.3 million"
    assert money(250_400) == "£250 thousand"
    assert money(2_590) == "£2,590"


def test_a_hidden_value_has_its_symbol_and_no_interval():
    value = Value(number=None, symbol="[c]", low=0.1, high=0.2, kind="percent")
    assert text_of(value) == "[c]"
    assert interval_of(value) == ""


def test_figures_differ_only_where_intervals_do_not_touch():
    low, high = Value(number=0.2, low=0.18, high=0.22), Value(number=0.3, low=0.23, high=0.4)
    assert apart(low, high)
    assert apart(high, low)
    assert not apart(low, Value(number=0.21, low=0.2, high=0.23))
    assert not apart(low, Value(number=0.9))


def test_a_period_within_a_sentence_begins_small():
    assert within("Year ending 31 March 2026") == "year ending 31 March 2026"
    assert within("31 March 2026") == "31 March 2026"


class Prose(HTMLParser):
    """Paragraphs of a page, drawings and tables left out."""

    def __init__(self, text):
        super().__init__()
        self.paragraphs, self._open, self._skip = [], False, 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._skip += tag in ("svg", "table")
        if tag in ("p", "li") and not self._skip:
            self._open = True
            self.paragraphs.append("")

    def handle_endtag(self, tag):
        self._skip -= tag in ("svg", "table")
        self._open = False if tag in ("p", "li") else self._open

    def handle_data(self, data):
        if self._open and not self._skip:
            self.paragraphs[-1] += data


def sentences(site):
    for path in sorted(site.glob("*.html")):
        for paragraph in Prose(path.read_text()).paragraphs:
            for sentence in re.split(r"(?<=[.?!])\s+", re.sub(r"\s+", " ", paragraph).strip()):
                if len(sentence.split()) > 3:
                    yield path.name, sentence


def test_no_sentence_is_longer_than_it_may_be(site):
    """A17: at most 25 words; a finding with its figures may have 30."""
    long = [(name, s) for name, s in sentences(site) if len(s.split()) > 30]
    assert long == []


def test_the_pages_can_be_read_at_fourteen(site):
    """A17: Flesch-Kincaid grade at most 9.5 (about 14 years) over each page's sentences, field terms aside."""
    by_page = {}
    for name, sentence in sentences(site):
        by_page.setdefault(name, []).append(sentence)
    for name, told in by_page.items():
        words = [w for s in told for w in re.findall(r"[A-Za-z]+", s)]
        syllables = sum(_syllables(w) for w in words)
        grade = 0.39 * len(words) / len(told) + 11.8 * syllables / len(words) - 15.59
        assert grade <= 9.5, (name, round(grade, 1))


def test_forbidden_words_are_on_no_page(site):
    """A17: nothing is significant without a named test; children are not cases; nobody needs none."""
    for name, sentence in sentences(site):
        assert not re.search(
            r"\b(significant|cases|clients|failing families|none of the children)\b", sentence, re.I
        ), (name, sentence)


def test_every_symbol_shown_is_in_the_shorthand(site):
    """A17"""
    known = {r["symbol"] for r in read_csv("report/shorthand")}
    for path in site.rglob("*.html"):
        for symbol in re.findall(r">(\[[a-z]+\])<", path.read_text()):
            assert symbol in known, (path.name, symbol)


def test_no_cell_is_blank_or_a_dash(pack):
    """A17"""
    from threecircles.report.html import written

    for page in pack.pages:
        for table in page.all_tables():
            for row in table.rows:
                for cell in row:
                    assert written(cell).strip() not in ("", "-", "–", "—"), (table.id, row)


def _syllables(word):
    if word.lower() in FIELD_TERMS:
        return 2
    groups = re.findall(r"[aeiouy]+", word.lower())
    count = len(groups) - (
        word.lower().endswith("e") and not word.lower().endswith("le") and len(groups) > 1
    )
    return max(1, count)
