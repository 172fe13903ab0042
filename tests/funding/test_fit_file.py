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
