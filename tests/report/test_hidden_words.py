"""The lineage page says in a sentence what a table hides; names of counters are no words for readers (report S9)."""

import pytest

from threecircles.report.pages.methods import hidden_words


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, "None."),
        ({"cells": 42, "hidden": 0, "low_base": 0}, "None."),
        (
            {"cells": 1120, "hidden": 16, "primary": 9, "secondary": 7},
            "16 of 1,120 figures: 9 for too few children and 7 so that those cannot be worked out.",
        ),
        ({"cells": 5, "hidden": 0, "low_base": 2}, "2 shares rest on too few answers to be shown."),
    ],
)
def test_what_is_hidden_is_told_in_a_sentence(counts, said):
    assert hidden_words(counts) == said
