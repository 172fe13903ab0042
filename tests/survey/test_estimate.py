"""A survey run elsewhere, from a specification and a file to figures (survey A1, A3)."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.core_design.test_known_answers import SMALL

from threecircles.core.errors import DefinitionError, UsageError
from threecircles.survey.estimate import estimate, estimate_file

SPEC = """
data: answers.{kind}
weight: w
stratum: stratum
psu: psu
fpc: N
estimates:
  - {{statistic: mean, variable: y}}
  - {{statistic: mean, variable: y, by: sex}}
  - {{statistic: proportion, variable: z, value: 1}}
  - {{statistic: proportion, variable: sex}}
  - {{statistic: total, variable: y}}
  - {{statistic: ratio, numerator: y, denominator: w}}
"""


def place(folder: Path, kind: str = "csv", text: str = SPEC) -> Path:
    SMALL.write_csv(folder / "answers.csv")
    SMALL.write_parquet(folder / "answers.parquet")
    spec = folder / "spec.yaml"
    spec.write_text(text.format(kind=kind))
    return spec


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_and_its_specification_give_the_known_answers(tmp_path, kind):
    told = estimate(place(tmp_path, kind), tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == told
    mean, female, male, share, girls, boys, total, ratio = told["estimates"]
    assert (mean["value"], mean["se"]) == pytest.approx((5.18181818, 0.57700632), abs=1e-8)
    assert female["group"] == {"sex": "F"} and male["value"] == pytest.approx(5.230769231, abs=1e-9)
    assert share["intervals"]["logit"] == pytest.approx([0.148261279, 0.799578263], abs=1e-8)
    assert girls["value"] + boys["value"] == pytest.approx(1)
    assert total["se"] == pytest.approx(26.27166, abs=1e-5)
    assert ratio["value"] == pytest.approx(1.504950495, abs=1e-9)
    assert told["target"] == "these_pupils"


def test_other_words_for_the_design_are_understood(tmp_path):
    text = """
data: answers.csv
design: {{weights: w, strata: stratum, cluster: psu}}
estimates:
  - {{type: mean, column: y}}
"""
    told = estimate_file(place(tmp_path, text=text))
    assert told["estimates"][0]["se"] == pytest.approx(0.71501336, abs=1e-8)
    assert told["target"] == "superpopulation"


def test_an_unknown_key_or_column_is_named_with_what_was_meant(tmp_path):
    with pytest.raises(DefinitionError, match=r"(?s)line 3.*did you mean weight"):
        estimate_file(place(tmp_path, text=SPEC.replace("weight: w", "weigth: w")))
    with pytest.raises(UsageError, match="did you mean stratum"):
        estimate_file(place(tmp_path, text=SPEC.replace("stratum: stratum", "stratum: strata")))


def test_the_mean_of_words_is_refused(tmp_path):
    with pytest.raises(UsageError, match="needs numbers"):
        estimate_file(
            place(tmp_path, text=SPEC.replace("mean, variable: y}}", "mean, variable: sex}}", 1))
        )


def test_a_blank_is_not_an_answer(tmp_path):
    spec = place(tmp_path, text="data: answers.csv\nestimates: [{{statistic: mean, variable: y}}]")
    holed = SMALL.with_columns(y=pl.when(pl.col("y") == 9).then(None).otherwise("y"))
    holed.write_csv(tmp_path / "answers.csv")
    assert estimate_file(spec)["estimates"][0]["n"] == 13


@pytest.mark.reference
def test_a_large_file_by_domain(reference_data, tmp_path):
    "A3 by the specification."
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        f"data: {reference_data('surveys/cdc_yrbs_national_2019.parquet')}\n"
        "weight: weight\nstratum: stratum\npsu: psu\n"
        "estimates: [{statistic: proportion, variable: QN25, value: 1, by: [Q2]}]\n"
    )
    first = estimate_file(spec)["estimates"][0]
    assert (first["value"], first["se"]) == pytest.approx((0.466470958, 0.01093877326), abs=1e-9)
