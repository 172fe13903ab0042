"""The commands of formulas from file to file, as others rely on them (spec/funding.md 7)."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

import threecircles as formulas
from threecircles.cli import funding
from threecircles.core.engines import engine
from threecircles.core.errors import UsageError
from threecircles.core.multilevel import collapse, fit
from threecircles.funding.formula import load_formula
from threecircles.funding.score import score
from threecircles.funding.shares import predict

loaded = spec_from_file_location("pm", Path(__file__).parents[1] / "core_multilevel" / "pm.py")
pm = module_from_spec(loaded)
loaded.loader.exec_module(pm)

SPEC = """file: cells.parquet
outcome: y
trials: n
categorical: [age]
numeric: [sex, fsm, x1, x2]
groups: [area, la]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("formula")
    pm.cells(pm.children()[0]).filter(pl.col("la") < 15).write_parquet(made / "cells.parquet")
    (made / "spec.yaml").write_text(SPEC)
    run("formula", "fit", made / "spec.yaml", "--json", made / "fit.json", "--out", made / "f.yaml")
    return made


def run(*words, ends=0):
    app = typer.Typer()
    funding.register(app)
    result = CliRunner().invoke(app, [str(w) for w in words])
    if ends == 0 and result.exception:
        raise result.exception
    assert result.exit_code == ends
    return result.stdout


def test_a_fit_is_told_whole(folder):
    told = json.loads((folder / "fit.json").read_text())
    wanted = {
        "log_likelihood", "coefficients", "standard_errors", "sds", "converged", "iterations",
        "seconds", "rows", "peak_memory_mb",
    }  # fmt: skip
    assert wanted <= set(told)
    assert told["converged"] is True
    assert set(told["coefficients"]) == set(told["standard_errors"])


def test_a_fitted_formula_takes_the_road_of_a_published_one(folder):
    """funding 7: fit writes what predict reads."""
    rows = json.loads(
        run("formula", "predict", folder / "f.yaml", "--inputs", folder / "cells.parquet", "--json", "-", "--budget", 1000)
    )  # fmt: skip
    assert sum(r["pence"] for r in rows) == 100_000
    assert sum(r["share_need"] for r in rows) == pytest.approx(1)
    same = json.loads(
        run("formula", "evaluate", folder / "f.yaml", "--inputs", folder / "cells.parquet", "--json", "-")
    )  # fmt: skip
    assert [r["share"] for r in same] == pytest.approx([r["share_need"] for r in rows])


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_engines_give_equal_shares(folder, name):
    """funding A24 (Spark: test_spark_gives_equal_shares)."""
    formula, cells = load_formula(folder / "f.yaml"), pl.read_parquet(folder / "cells.parquet")
    here = predict(formula, cells)
    there = score(engine(name).frame(cells), formula)
    both = dict(zip(here.la, here.expected, strict=True))
    assert there["expected"].to_list() == pytest.approx([both[la] for la in there["la"]], rel=1e-9)


def test_spark_gives_equal_shares_and_cells(folder):
    """funding A10, A24, where Spark is installed."""
    pytest.importorskip("pyspark")
    formula, cells = load_formula(folder / "f.yaml"), pl.read_parquet(folder / "cells.parquet")
    one, two = (score(engine(n).frame(cells), formula) for n in ("duckdb", "spark"))
    assert two["expected"].to_list() == pytest.approx(one["expected"].to_list(), rel=1e-9)


@pytest.mark.parametrize("name", ["duckdb", "polars"])
def test_an_engine_counts_the_cells_and_the_fit_is_the_same(name):
    """funding A10: the one group-by is done by the engine."""
    children = pm.children()[0].filter(pl.col("la") < 6)
    keys = ["la", "area", "x1", "x2", "age", "sex", "fsm"]
    terms = {
        "categorical": ["age"],
        "numeric": ["sex", "fsm", "x1", "x2"],
        "groups": ["area", "la"],
    }
    made = collapse(engine(name).frame(children), outcome="y", keys=keys).collect().to_polars()
    one = fit(children, outcome="y", **terms)
    two = fit(made, outcome="y", trials="n", **terms)
    assert list(two.coefficients.values()) == pytest.approx(
        list(one.coefficients.values()), abs=1e-8
    )


def test_dropping_a_term_says_who_gains_and_how_surely(folder):
    """funding 3.7."""
    told = json.loads(
        run(
            "formula",
            "compare",
            folder / "spec.yaml",
            "--drop",
            "x2",
            "--budget",
            100,
            "--json",
            "-",
        )
    )
    rows = told["authorities"]
    assert sum(r["points"] for r in rows) == pytest.approx(0, abs=1e-12)
    assert all(r["low"] <= r["points"] <= r["high"] for r in rows)
    assert told["fits"][0]["log_likelihood"] > told["fits"][1]["log_likelihood"]
    with pytest.raises(UsageError, match="is not a term"):
        run("formula", "compare", folder / "spec.yaml", "--drop", "x9")


def test_a_test_says_whether_it_holds(folder):
    told = json.loads(run("formula", "test", folder / "spec.yaml", "--json", folder / "t.json") and (folder / "t.json").read_text())  # fmt: skip
    assert len(told["authorities"]) == 15
    assert isinstance(told["holds"], bool)


def test_the_workbook_splits_the_budget_in_live_formulas(folder):
    """funding 7: the penny split can be retraced in the sheet."""
    import openpyxl

    out = folder / "shares.xlsx"
    run(
        "formula",
        "predict",
        folder / "f.yaml",
        "--inputs",
        folder / "cells.parquet",
        "--budget",
        1000,
        "--out",
        out,
    )
    sheet = openpyxl.load_workbook(out)["Pennies"]
    assert sheet["B1"].value == 100_000
    assert sheet["F4"].value.startswith("=C4+IF(E4<=")
    shares = [sheet.cell(r, 2).value for r in range(4, 19)]
    whole = [int(s * 100_000) for s in shares]
    odd = 100_000 - sum(whole)
    fractions = sorted((s * 100_000 - w for s, w in zip(shares, whole, strict=True)), reverse=True)
    assert sum(whole) + len([f for f in fractions[:odd]]) == 100_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("file: nowhere.csv", "not there"),
        ("outcome: z", "no column z"),
        ("reference: {age: 9}", "reference of age does not occur"),
        ("numeric: [sex, fsm, x1, age]", "as a term twice"),
        ("family: normal", "not one of the allowed"),
        ("tirals: n", "not a field"),
    ],
)
def test_a_wrong_request_is_refused_with_a_sentence(folder, change, words):
    key = change.split(":")[0]
    kept = [line for line in SPEC.splitlines() if not line.startswith(key + ":")]
    wrong = folder / "wrong.yaml"
    wrong.write_text("\n".join([*kept, change]))
    with pytest.raises(UsageError, match=words):
        run("formula", "fit", wrong)


def test_a_reference_level_and_text_labels_do_not_change_the_fit(folder):
    numbers = pl.read_parquet(folder / "cells.parquet")
    words = numbers.with_columns(
        age=pl.col("age").replace_strict({0: "none", 1: "one", 2: "two", 3: "three"})
    )
    terms = {
        "outcome": "y",
        "trials": "n",
        "categorical": ["age"],
        "numeric": ["fsm"],
        "groups": ["area", "la"],
    }
    one = fit(numbers, **terms, reference={"age": "2"})
    two = fit(words, **terms, reference={"age": "two"})
    assert one.log_likelihood == pytest.approx(two.log_likelihood, abs=1e-8)
    assert one.coefficients["age[0]"] == pytest.approx(two.coefficients["age[none]"], abs=1e-6)


def refused(*words):
    """What a command says when it refuses (exit code 2)."""
    app = typer.Typer()
    funding.register(app)
    result = CliRunner().invoke(app, [str(w) for w in words])
    assert isinstance(result.exception, UsageError), (result.exception, result.output)
    return str(result.exception)


def test_a_ladder_is_no_formula_of_cells(folder):
    """funding 7: a refusal in words, not a fault."""
    old = Path(formulas.__file__).parent / "definitions/formulas/youth-and-community-2010-11.yaml"
    told = refused(
        "formula", "explain", "1", "--formula", old, "--inputs", folder / "cells.parquet"
    )
    assert "another kind" in told and "legacy_ladder" in told


def test_cells_that_cannot_be_shared_out_are_named(folder, tmp_path):
    cells = pl.read_parquet(folder / "cells.parquet")
    bad = {
        "text": cells.with_columns(n=pl.lit("some")),
        "minus": cells.with_columns(n=pl.when(pl.int_range(pl.len()) == 4).then(-1).otherwise("n")),
        "none": cells.with_columns(n=pl.lit(0)),
        "level": cells.with_columns(age=pl.lit(9)),
        "lacks": cells.drop("x1"),
    }
    words = {
        "text": "text.csv, rows 1, 2", "minus": "minus.csv, row 5: n, the number of children, is below nought",
        "none": "no child in the inputs", "level": "level.csv: age has levels", "lacks": "x1 has no column",
    }  # fmt: skip
    for name, table in bad.items():
        file = tmp_path / f"{name}.csv"
        table.write_csv(file)
        for command in (["predict", folder / "f.yaml"], ["evaluate", folder / "f.yaml"]):
            assert words[name] in refused("formula", *command, "--inputs", file), name


def test_damping_without_last_years_amounts_is_refused_not_left_out(folder):
    """funding 3.5: a floor that nobody can reckon is never ignored."""
    asked = ("formula", "predict", folder / "f.yaml", "--inputs", folder / "cells.parquet")
    assert "--prior" in refused(*asked, "--budget", 100, "--floor", 0.9)
    prior = folder / "prior.csv"
    prior.write_text("la,pounds\n0,5\n1,many\n")
    assert "prior.csv, row 2: pounds is not a number" in refused(*asked, "--prior", prior)
    prior.write_text("la,pounds\n" + "\n".join(f"{i},5" for i in range(15)))
    assert "needs a budget" in refused(*asked, "--prior", prior)


def test_a_fit_is_not_compared_with_itself(folder):
    assert "Both are the same fit" in refused("formula", "compare", folder / "spec.yaml")


def test_an_area_cost_is_in_the_share_that_evaluate_gives(folder):
    """funding 3.5: score = area cost x need; share = score / total."""
    dear = folder / "dear.yaml"
    cost = ", ".join(f'"{i}": {2 if i == 0 else 1}' for i in range(15))
    dear.write_text((folder / "f.yaml").read_text() + f"area_cost: {{{cost}}}\n")
    told = {}
    for name in ("f", "dear"):
        out = run("formula", "evaluate", folder / f"{name}.yaml", "--inputs", folder / "cells.parquet", "--json", "-")  # fmt: skip
        told[name] = json.loads(out)[0]["share"]
    assert told["dear"] == pytest.approx(2 * told["f"] / (1 + told["f"]))


def test_a_result_that_cannot_be_written_is_said_in_words(folder):
    told = refused(
        "formula", "fit", folder / "spec.yaml", "--json", folder / "spec.yaml" / "x.json"
    )
    assert "cannot be written" in told
