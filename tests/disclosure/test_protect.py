"""Tables of the same children are protected together, and only disclosure makes them safe."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.release import load_safe, protect, write_safe

WARD = Dimension(column="ward", label="Ward")
SEX = Dimension(column="sex", label="Sex")


def counts(id: str, dimensions: tuple[Dimension, ...], rows: list[tuple], **more) -> Measured:
    "A table of children by some dimensions; the last of each row is the number."
    names = [d.column for d in dimensions]
    spec = TableSpec(
        id=id, title=id, population="children", period="2026", unit="children", dimensions=dimensions, **more
    )  # fmt: skip
    data = [
        dict(zip(names, r, strict=False))
        | {"measure": "children", "value": float(r[-1]), "n": r[-1]}
        for r in rows
    ]
    schema = dict.fromkeys([*names, "measure"], pl.String) | {"value": pl.Float64, "n": pl.Int64}
    return Measured(spec, pl.DataFrame(data, schema=schema))


BY_WARD = [("All", 60), ("a", 3), ("b", 22), ("c", 35)]


def hidden(table) -> set[str]:
    return set(table.frame.filter(pl.col("symbol") == "[c]")["ward"].to_list())


def test_a_small_cell_is_hidden_with_one_that_would_give_it_away():
    safe = protect([counts("t", (WARD,), BY_WARD)])[0]
    assert hidden(safe) == {"a", "b"}
    assert safe.frame.filter(pl.col("symbol") == "[c]").select("value", "n").null_count().row(
        0
    ) == (2, 2)
    assert safe.suppressed == {"cells": 4, "hidden": 2, "primary": 1, "secondary": 1, "low_base": 0}


def test_a_cell_has_one_fate_in_all_tables_that_share_it():
    "The ward total of one table is the row of another."
    by_sex = counts(
        "u",
        (WARD, SEX),
        [
            ("b", "All", 22),
            ("b", "F", 10),
            ("b", "M", 12),
            ("c", "All", 35),
            ("c", "F", 17),
            ("c", "M", 18),
        ],
    )
    one, two = protect([counts("t", (WARD,), BY_WARD), by_sex])
    assert hidden(one) == {"a", "b"}
    gone = two.frame.filter(pl.col("symbol") == "[c]").select("ward", "sex").rows()
    assert ("b", "All") in gone and ("c", "All") not in gone
    assert {("b", "F"), ("b", "M")} & set(gone)


def test_what_a_list_leaves_out_is_protected_too():
    "Boys and girls are listed, and 2 children of unknown sex can be reckoned from the total."
    safe = protect([counts("t", (WARD,), [("All", 42), ("a", 20), ("b", 20)])])[0]
    assert len(hidden(safe)) >= 1


def test_published_figures_are_not_hidden_again():
    safe = protect([counts("t", (WARD,), BY_WARD, kind="published")])[0]
    assert hidden(safe) == set() and safe.profile == "published"


def test_no_row_is_hidden_where_nothing_is_small():
    safe = protect([counts("t", (WARD,), [("All", 57), ("b", 22), ("c", 35)])])[0]
    assert hidden(safe) == set()


def test_safe_tables_come_back_from_disk_only_as_they_were_written(tmp_path):
    before = protect([counts("t", (WARD,), BY_WARD)])
    write_safe(before, tmp_path)
    after = load_safe(tmp_path)[0]
    assert after.frame.equals(before[0].frame) and after.spec == before[0].spec
    after.frame.with_columns(n=pl.lit(3)).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(NotPermitted, match="not the table that disclosure wrote"):
        load_safe(tmp_path)


def test_two_tables_of_one_id_are_refused():
    with pytest.raises(UsageError, match="one id"):
        protect([counts("t", (WARD,), BY_WARD), counts("t", (WARD,), BY_WARD)])


def circles(measures: dict[str, tuple[int, int]], ward: str) -> list[dict]:
    return [
        {
            "ward": ward,
            "measure": m,
            "value": w / n,
            "numerator": float(w),
            "denominator": float(n),
            "n": n,
            "n_with": w,
        }
        for m, (w, n) in measures.items()
    ]


def test_the_regions_of_the_circles_protect_each_other():
    "need = both + need_only; the four regions make up the base."
    regions = {"a": (3, 20, 15, 62), "b": (12, 21, 14, 53), "All": (15, 41, 29, 115)}
    rows = []
    for ward, (both, need_only, service_only, neither) in regions.items():
        n = both + need_only + service_only + neither
        told = {
            "need": (both + need_only, n),
            "service": (both + service_only, n),
            "both": (both, n),
            "need_only": (need_only, n),
        }
        told |= {
            "service_only": (service_only, n),
            "neither": (neither, n),
            "coverage": (both, both + need_only),
        }
        rows += circles(told, ward)
    spec = TableSpec(
        id="circles-ward", title="c", population="pupils", period="2026", unit="share", dimensions=(WARD,),
        count="n_with", kind="share", values=("value", "numerator", "denominator", "n", "n_with"),
    )  # fmt: skip
    safe = protect([Measured(spec, pl.DataFrame(rows))])[0]
    gone = set(safe.frame.filter(pl.col("symbol") == "[c]").select("ward", "measure").rows())
    assert {("a", "both"), ("a", "coverage"), ("b", "both")} <= gone
    assert {m for w, m in gone if w == "a"} & {"need", "need_only"}
    assert {m for w, m in gone if w == "a"} & {"service", "service_only"}


def test_a_table_that_cannot_be_made_safe_is_left_out_and_does_not_stop_the_others(
    tmp_path, monkeypatch
):
    from threecircles.core.workspace import Workspace
    from threecircles.disclosure import audit, protecting

    real = protecting.suppress

    def stubborn(sums, value, wish, hidden):
        pattern = real(sums, value, wish, hidden)
        return replace(pattern, unsafe=wish.primary.nonzero()[0]) if wish.primary.any() else pattern

    monkeypatch.setattr(protecting, "suppress", stubborn)
    fine = counts("fine", (SEX,), [("All", 57), ("F", 22), ("M", 35)])
    made = protect(
        [counts("t", (WARD,), BY_WARD, kind="rate"), fine], workspace=Workspace(tmp_path, "w", True)
    )
    assert [s.spec.id for s in made] == ["fine"]
    assert audit.lines(tmp_path)[-1]["resource"] == "table:t"
