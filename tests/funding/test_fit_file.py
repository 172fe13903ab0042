"""`formula fit` takes a file a person wrote and answers in numbers or in a sentence."""

import json
import subprocess
import sys

import polars as pl
import pytest

from threecircles.core.errors import ThreeCirclesError
from threecircles.core.seeds import rng
from threecircles.funding.fit_file import fit_file

SPEC = """file: children.csv
outcome: in_need
categorical: [age]
numeric: [poverty]
groups: [area, authority]
family: binomial
"""


@pytest.fixture
def folder(tmp_path):
    draw = rng(1, "fit-file")
    area = draw.integers(0, 60, 4000)
    table = pl.DataFrame(
        {
            "authority": area % 6,
            "area": area,
            "age": draw.integers(0, 3, 4000),
            "poverty": draw.normal(size=4000),
        }
    )
    chance = 1 / (
        1
        + 2.718281828
        ** (1.5 - 0.5 * table["poverty"].to_numpy() - 0.4 * draw.normal(size=60)[area])
    )
    table.with_columns(in_need=pl.Series((draw.random(4000) < chance).astype(int))).write_csv(
        tmp_path / "children.csv"
    )
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path


def test_the_command_writes_what_the_issue_names(folder):
    """Issue funding: OUT holds log-likelihood, coefficients with standard errors, sds, convergence, size and time."""
    command = [
        sys.executable,
        "-m",
        "threecircles",
        "formula",
        "fit",
        folder / "spec.yaml",
        "--json",
        folder / "out.json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out = json.loads((folder / "out.json").read_text())
    assert {
        "log_likelihood",
        "coefficients",
        "standard_errors",
        "sds",
        "converged",
        "iterations",
        "seconds",
        "rows",
        "peak_memory_mb",
    } <= out.keys()
    assert out["coefficients"]["poverty"] == pytest.approx(
        0.5, abs=4 * out["standard_errors"]["poverty"]
    )
    assert "log-likelihood" in done.stdout


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (SPEC.replace("outcome: in_need", "outcome: need"), "There is no column need"),
        (SPEC.replace("family: binomial", "family: normal"), "spec.yaml line 6"),
        (SPEC.replace("children.csv", "nobody.csv"), "not there"),
        (SPEC.replace("groups", "grups"), "did you mean groups"),
    ],
)
def test_a_wrong_file_is_answered_in_a_sentence(folder, spec, words):
    (folder / "spec.yaml").write_text(spec)
    with pytest.raises(ThreeCirclesError, match=words):
        fit_file(folder / "spec.yaml")


def test_a_fault_names_the_file_its_row_and_what_is_allowed(folder):
    """Issue funding: every refusal says file, row, column, what was found and how to mend it."""
    table = pl.read_csv(folder / "children.csv", infer_schema=False)
    wrong = table.with_row_index().with_columns(
        poverty=pl.when(pl.col("index") == 16).then(pl.lit("n/a")).otherwise("poverty")
    )
    wrong.drop("index").write_csv(folder / "children.csv")
    with pytest.raises(ThreeCirclesError) as refused:
        fit_file(folder / "spec.yaml")
    told = str(refused.value)
    assert told.startswith(
        "children.csv, row 17: poverty is not a number in 1 row.\nFound: n/a\nAllowed:"
    )
    assert "Mend: Correct or complete these rows" in told


def test_groups_named_from_large_to_small_are_told_to_turn_round(folder):
    (folder / "spec.yaml").write_text(SPEC.replace("[area, authority]", "[authority, area]"))
    with pytest.raises(ThreeCirclesError, match="Name area before authority"):
        fit_file(folder / "spec.yaml")


@pytest.mark.parametrize("dress", ["semicolons", "tabs", "a byte order mark and Windows line ends"])
def test_a_file_in_another_dress_gives_the_same_fit(folder, dress):
    """Windows and spreadsheet programs write CSV in their own ways; the figures must not depend on it."""
    plain = fit_file(folder / "spec.yaml")
    file = folder / "children.csv"
    text = file.read_text()
    sign = {"semicolons": ";", "tabs": "\t"}.get(dress)
    made = text.replace(",", sign) if sign else "\ufeff" + text.replace("\n", "\r\n")
    file.write_bytes(made.encode())
    assert fit_file(folder / "spec.yaml").log_likelihood == plain.log_likelihood


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK\x03\x04", "A workbook is not read here"),
        ("a.csv", "in_need;préf\n".encode("latin-1"), "not UTF-8"),
        ("a.parquet", b"in_need", "cannot be read"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named_as_such(folder, name, content, words):
    (folder / name).write_bytes(content)
    (folder / "spec.yaml").write_text(SPEC.replace("children.csv", name))
    with pytest.raises(ThreeCirclesError, match=words):
        fit_file(folder / "spec.yaml")
