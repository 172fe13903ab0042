"""What was released is what disclosure let through, cell for cell: nothing more, nothing less, nothing else."""

import polars as pl

from threecircles.core.workspace import open_workspace
from threecircles.disclosure.release import load_safe
from threecircles.disclosure.release_report import released_tables

FIGURES = ("value", "low", "high", "numerator", "denominator", "n", "n_with")


def cells(frame, keys):
    "Each cell with its figures as text, so that a CSV and a table compare alike."
    told = [c for c in FIGURES if c in frame.columns]
    return sorted(
        (
            tuple("" if row[k] is None else str(row[k]) for k in keys),
            tuple(None if row[c] in (None, "") else round(float(row[c]), 9) for c in told),
            str(row["symbol"] or ""),
        )
        for row in frame.iter_rows(named=True)
    )


def test_the_numbers_of_the_release_are_the_cells_of_the_safe_tables(hamlet):
    """disclosure A6: every table in `release/` equals its Safe table, and there is no other.

    That no page, drawing, workbook or document holds a number which its table does not is shown by
    tests/pipeline/test_attack.py (nothing told, differing or loose).
    """
    safe = {t.spec.id: t for t in load_safe(hamlet.output("disclosure.protect") / "out")}
    data = hamlet.workspace / "release" / "site" / "data"
    assert {p.stem for p in data.glob("*.csv")} == set(safe) and len(safe) > 20
    for name, table in safe.items():
        shown = pl.read_csv(data / f"{name}.csv", infer_schema=False)
        dimensions = [d.column for d in table.spec.dimensions]
        coded = shown.rename({f"{d}_code": d for d in dimensions})
        keys = [*dimensions, *(["measure"] if "measure" in table.frame.columns else [])]
        assert cells(coded, keys) == cells(table.frame, keys), name
        assert shown["table"].unique().to_list() == [name]


def test_the_desk_judges_the_tables_that_are_in_the_folder(hamlet):
    """disclosure A6: what is attacked before a release is what is in it."""
    opened = open_workspace(hamlet.workspace)
    judged = {t.spec.id for t in released_tables(opened, hamlet.pack())}
    assert judged == {p.stem for p in (hamlet.pack() / "data").glob("*.csv")}
