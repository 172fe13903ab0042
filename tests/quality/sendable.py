"""Lays a rule's example out as a file can hold it: without it no example could go through writer and reader."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from threecircles.quality.cases import table_rows
from threecircles.quality.rule import Case, Rule
from threecircles.sources import source

Row = dict[str, object]
Tables = dict[str, list[Row]]

PLACE = "_n"
"""Column of the row's place in the example; no file holds it."""

SENT = {
    "903": {t.name: {c.name for c in t.sent} for t in source("ssda903").tables},
    "cin": {t.name: {c.name for c in t.columns} for t in source("cin-census").tables},
}
ONCE = {
    "UASC": ("DUC", "01/05/2025"),
    "OC3": ("IN_TOUCH", "YES"),
    "AD1": ("DATE_INT", "01/05/2025"),
}
"""Tables whose one row stands in the child's header of the XML form: the column that tells it is there, and a value
for examples that are not about that column."""

MODULE, FACTORS, REVIEWS = "CINdetailsID", "AssessmentFactorsList", "Reviews"
IN_MODULE = ("Assessments", "CINplanDates", "Section47", "ChildProtectionPlans", "PreProceedings")
INNER = {"Assessments": ("AssessmentID", FACTORS), "ChildProtectionPlans": ("CPPID", REVIEWS)}
OTHER_DATE = {"903": r"\d{4}-\d\d-\d\d", "cin": r"\d{1,2}/\d{1,2}/\d{4}"}


class CannotBeSent(Exception):  # noqa: N818 - it names the thing, not a fault of ours
    """The form has no place for the example."""


@dataclass(frozen=True)
class Sent:
    """tables: what to write. order: table of the example -> its row at each place of the written one."""

    tables: Tables
    order: dict[str, list[int]]


def laid_out(rule: Rule, case: Case, form: str) -> Sent | None:
    """An example as CSV or XML can hold it, or None when the form has no place for it."""
    given = given_rows(case)
    try:
        _need(given and not case.reference)
        _need_columns(rule, given)
        _need(not (case.mode == "compatible" and _spelt(given)))
        if rule.return_ == "cin":
            return _census(given)
        # A file has every column, so an example about an absent one cannot be sent.
        _need(not (rule.any_of or rule.as_sent))
        return _flat(given) if form == "csv" else _both_years(given)
    except CannotBeSent:
        return None


def given_rows(case: Case) -> Tables:
    """The rows of each table of an example that has any."""
    tables = {name: table_rows(text) for name, text in case.given.items()}
    return {name: rows for name, rows in tables.items() if isinstance(rows, list)}


def _need(holds: object) -> None:
    if not holds:
        raise CannotBeSent


def _need_columns(rule: Rule, given: Tables) -> None:
    """Declared columns, no row without anything in it, no date that the reader would put right."""
    declared = SENT[rule.return_]
    for name, rows in given.items():
        own = name.removesuffix("_last") if rule.return_ == "903" else name
        _need(own in declared and set(rows[0]) <= declared[own])
        _need(all(any(row.values()) for row in rows))
        cells = (cell for row in rows for cell in row.values() if cell)
        _need(not any(re.match(OTHER_DATE[rule.return_], str(cell)) for cell in cells))


def _spelt(given: Tables) -> bool:
    """Whether yes or no is written as a word: the reader makes 1 and 0 of it, the public tool does not."""
    return any(cell in ("true", "false") for t in given.values() for r in t for cell in r.values())


def _flat(given: Tables) -> Sent:
    return Sent(given, {name: list(range(len(rows))) for name, rows in given.items()})


# The looked-after return as XML: a child holds its rows, its header what stands once


def _both_years(given: Tables) -> Sent:
    tables: Tables = {}
    order: dict[str, list[int]] = {}
    for mark in ("", "_last"):
        own = {
            n.removesuffix("_last"): r
            for n, r in given.items()
            if n.endswith("_last") == bool(mark)
        }
        sent = _looked_after(own)
        tables |= {f"{name}{mark}": rows for name, rows in sent.tables.items() if rows}
        order |= {f"{name}{mark}": places for name, places in sent.order.items()}
    return Sent(tables, order)


def _looked_after(given: Tables) -> Sent:
    children = _children(given, "CHILD", "Header")
    heads = {c: {"CHILD": c} for c in children} | {r["CHILD"]: dict(r) for r in given.get("Header", ())}  # fmt: skip
    laid = _placed(given)
    for name, rows in laid.items():
        for row in rows:
            for column in {"DOB", "SEX"} & set(row):  # the header's own stand for every table's
                _need(heads[row["CHILD"]].setdefault(column, row[column]) == row[column])
        if name in ONCE:
            column, value = ONCE[name]
            _need(len({row["CHILD"] for row in rows}) == len(rows))
            _need(all(row.setdefault(column, value) for row in rows))
    for rows in laid.values():
        rows.sort(key=lambda row: children.index(row["CHILD"]))
    order = {name: [int(row[PLACE]) for row in rows] for name, rows in laid.items()}
    return Sent(laid | {"Header": [heads[c] for c in children]}, order)


# The census: a child holds episodes, an episode assessments and plans, these their factors and reviews


def _census(given: Tables) -> Sent:
    inside = {name: rows for name, rows in given.items() if name != "Header"}
    children = _children(inside, "LAchildID", "ChildIdentifiers") or ["a"]
    laid = _placed(inside)

    def by_parent(*ordinals: str) -> Callable[[Row], tuple[int, ...]]:
        return lambda row: (children.index(row["LAchildID"]), *(int(str(row[o])) for o in ordinals))

    for name in ("ChildCharacteristics", "Disabilities", "CINdetails"):
        laid.get(name, []).sort(key=by_parent())
    within = [n for n in (*IN_MODULE, FACTORS, REVIEWS) if n in laid]
    _number(laid, "CINdetails", ("LAchildID",), MODULE, within)
    for name, (ordinal, inner) in INNER.items():
        laid.get(name, []).sort(key=by_parent(MODULE))
        _number(laid, name, ("LAchildID", MODULE), ordinal, [inner] if inner in laid else [])
        laid.get(inner, []).sort(key=by_parent(MODULE, ordinal))
    for name in IN_MODULE:
        laid.get(name, []).sort(key=by_parent(MODULE))
    _need_values(laid)
    people = given.get("ChildIdentifiers") or [{"LAchildID": c} for c in children]
    order = {name: [int(row[PLACE]) for row in laid[name]] for name in inside}
    heads = {"Header": given["Header"]} if "Header" in given else {}
    written = laid | {"ChildIdentifiers": people} | heads
    return Sent(written, order | {name: [0] for name in heads})


def _number(
    laid: Tables, name: str, keys: tuple[str, ...], ordinal: str, inside: Iterable[str]
) -> None:
    """Number the rows of a table within what holds them, and find a parent for each row inside it.

    A table that the example leaves out is made of what stands inside it.
    """
    count: Counter[tuple[object, ...]] = Counter()
    for row in laid.get(name, ()):
        parent = tuple(row[k] for k in keys)
        count[parent] += 1
        _need(row.setdefault(ordinal, str(count[parent])) == str(count[parent]))
    known, made = name in laid, dict(count)
    for row in (row for table in inside for row in laid[table]):
        parent = tuple(row[k] for k in keys)
        if ordinal not in row:
            _need(made.get(parent, 1) == 1)
            row[ordinal] = "1"
        _need(str(row[ordinal]).isdigit() and 0 < int(str(row[ordinal])) < 10)
        _need(not known or int(str(row[ordinal])) <= count[parent])
        made[parent] = max(made.get(parent, 0), int(str(row[ordinal])))
    if not known and made:
        laid[name] = [
            {**dict(zip(keys, parent, strict=True)), ordinal: str(n + 1), PLACE: -1}
            for parent, most in made.items()
            for n in range(most)
        ]


def _need_values(laid: Tables) -> None:
    """Leaves that make a row only where they hold something; lists as lists."""
    _need(all(row.get("Disability") for row in laid.get("Disabilities", ())))
    _need(all(row.get("AssessmentFactor") for row in laid.get(FACTORS, ())))
    _need(FACTORS not in laid or not any("AssessmentFactors" in r for r in laid["Assessments"]))
    plans = Counter((r["LAchildID"], r[MODULE], r["CPPID"]) for r in laid.get(REVIEWS, ()))
    for row in laid.get(REVIEWS, ()):
        alone = plans[row["LAchildID"], row[MODULE], row["CPPID"]] == 1
        _need(row.get("CPPreviewDate") or alone)
    for row in laid.get("Assessments", ()):
        if row.get("AssessmentFactors"):
            row["AssessmentFactors"] = str(row["AssessmentFactors"]).split(",")


def _children(given: Tables, key: str, people: str) -> list[object]:
    """The children in the order of the file; every row must name one."""
    keys = [row.get(key) for rows in given.values() for row in rows]
    _need(all(keys))
    named = [row[key] for row in given.get(people, ())]
    _need(len(set(named)) == len(named) and (not named or set(keys) <= set(named)))
    return named or list(dict.fromkeys(keys))


def _placed(given: Tables) -> Tables:
    return {name: [row | {PLACE: n} for n, row in enumerate(rows)] for name, rows in given.items()}
