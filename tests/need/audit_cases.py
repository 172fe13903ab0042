"""Made-up case files: a plan of five agencies and readers who answer with a known chance."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.core.safety import Grant
from threecircles.need.audit import AuditStore, form
from threecircles.need.audit.cards import keep_cards, make_cards
from threecircles.need.audit.coding import settled_codes, write
from threecircles.need.audit_plan import draw

ETHICS = Grant(purpose="evaluation", actor="a", basis="b", policies=("p",), ethics_id="E1")
NONE = Grant(purpose="evaluation", actor="a", basis="b", policies=("p",))
AGENCIES = ["education", "health", "police", "social care", "youth justice"]


def frame(n=300, seed=1):
    g = np.random.default_rng(seed)
    return pl.DataFrame(
        {"case": [f"c{i:03d}" for i in range(n)], "agency": g.choice(AGENCIES, n), "area": g.choice(["north", "south"], n),
         "age_band": g.choice(["0-4", "5-10", "11-17"], n)}
    )  # fmt: skip


def audit(workspace, size=60, n=300):
    """An audit whose cases are drawn."""
    store = AuditStore(workspace, "a1", create=True)
    plan = draw(frame(n), size, 7, ETHICS)
    store.keep_plan(plan.cases, {"seed": 7, "ethics": "E1", "form": "standard"})
    return store


def answers(kind="ordinary", g=None):
    """One case's answers: two kinds of child, of whom one has every risk and severe impairment."""
    g = g or np.random.default_rng(0)
    hard = kind == "hard"
    told = {}
    for code, asked in form().fields.items():
        if asked.part in ("risk", "need"):
            told[code] = "yes" if hard else "no"
        elif asked.ordered:
            told[code] = list(asked.choices)[-1 if hard else 0]
        elif asked.type == "single" and asked.part != "service":
            told[code] = list(asked.choices)[int(g.integers(0, len(asked.choices)))]
        elif asked.type == "number":
            told[code] = "2"
        elif asked.type == "multiple":
            told[code] = "health;education"
    return told


def read(store, coder="ann", hard=lambda i: i % 3 == 0):
    """Every case read by one reader."""
    g = np.random.default_rng(5)
    for i, case in enumerate(store.cases()["case"]):
        write(store, form(), case, coder, answers("hard" if hard(i) else "ordinary", g), ETHICS, done=True)  # fmt: skip
    return store


def with_cards(store):
    """Cards looked through by somebody else; their numbers."""
    made, _ = make_cards(settled_codes(store, form()), form(), lambda text: [], ETHICS)
    keep_cards(store, made, "cleo", ETHICS)
    return [c.number for c in made]
