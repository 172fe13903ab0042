"""A made-up workspace with two children and one safe table, made by three steps."""

from __future__ import annotations

import polars as pl

from threecircles.core import workspace as workspaces
from threecircles.core.engines import engine
from threecircles.core.run import Runner
from threecircles.core.steps import Step
from threecircles.core.tables import Dimension, Measured, TableSpec
from threecircles.disclosure.steps import protect_all

OWN, OTHER, UNKNOWN = "AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC"
NAME = "Zephaniah"
WARDS = {"w1": "North", "w2": "South", "w3": "East", "w4": "West"}


def make(folder):
    "The workspace; OWN is an ordinary child, OTHER is restricted."
    workspaces.create(folder, label="Made-up", fictitious=True)
    opened = workspaces.open_workspace(folder, "identity")
    steps = [
        Step(name="sources.eh", function=_source, writes=("sources.eh.*",), side="identity", params={"delivery": "eh"}),
        Step(name="identity.link", function=_identity, writes=("identity.*",), side="identity"),
        Step(name="identity.people", function=_people, writes=("identity.person",), reads=("identity.person_record",), side="crossing"),
        Step(name="need.services", function=_ward, writes=("need.*",)),
        Step(
            name="disclosure.protect", function=protect_all, reads=("need.*",), writes=("disclosure.safe",),
            params={"profile": "la-default"},
        ),
    ]  # fmt: skip
    Runner(opened, steps, engine("polars"), {}, say=lambda text: None).run()
    return folder


def _source():
    rows = pl.DataFrame({
        "eh_id": ["1", "2"], "forename": [NAME, "Obadiah"], "dob": ["12/01/2016", "03/05/2014"],
        "_file": ["f1", "f1"], "_at": [2, 3], "_row": [0, 1],
    })  # fmt: skip
    return {"sources.eh.early_help": rows}


def _identity():
    pointers = pl.DataFrame({
        "delivery": ["eh", "eh"], "source_id": ["early-help"] * 2, "source": ["early-help"] * 2, "source_key": ["1", "2"],
        "source_record_id": ["r1", "r2"], "person_id": [OWN, OTHER], "band": ["linked"] * 2, "p": [0.99, 0.99],
    })  # fmt: skip
    numbers = pl.DataFrame({
        "source_record_id": ["r1", "r2"], "scheme": ["upn"] * 2, "value": ["A123456789012", "B123456789012"],
        "value_as_received": ["A123456789012", "B123456789012"],
    })  # fmt: skip
    records = pl.DataFrame({
        "source_record_id": ["r1", "r2"], "first": [NAME, "Obadiah"], "surname": ["Quillfeather", "Umbrage"],
        "postcode": ["EA1 1AA", "EA1 1AB"],
    })  # fmt: skip
    return {
        "identity.person_record": pointers,
        "identity.identifier": numbers,
        "identity.link_record": records,
    }


def _people(pointers):
    return pl.DataFrame({"person_id": [OWN, OTHER], "restricted": [False, True]})


def _ward():
    counts = [30, 3, 12, 8]
    rows = [(w, "early_help", float(n), n) for w, n in zip(WARDS, counts, strict=True)]
    rows.append(("All", "early_help", float(sum(counts)), sum(counts)))
    frame = pl.DataFrame(rows, schema=["ward", "measure", "value", "n"], orient="row")
    frame = frame.with_columns(
        low=None,
        high=None,
        numerator=pl.col("value"),
        denominator=None,
        reason=pl.lit(None, pl.String),
    )
    spec = TableSpec(
        id="services-ward", title="Children in early help by ward", population="children-0-17", period="2026",
        unit="children", dimensions=(Dimension(column="ward", label="Ward", order=("All", *WARDS), labels={"All": "All", **WARDS}),),
    )  # fmt: skip
    return [Measured(spec, frame), _ward_and_sex()]


def _ward_and_sex():
    "Two small cells (3 and 4) in lines of their own, which others must protect."
    counts = {"w1": (30, 3), "w2": (12, 21), "w3": (4, 17), "w4": (25, 14)}
    rows = []
    for ward in (*WARDS, "All"):
        both = (
            counts[ward] if ward in counts else tuple(map(sum, zip(*counts.values(), strict=True)))
        )
        for sex, n in zip(("F", "M", "All"), (*both, sum(both)), strict=True):
            rows.append(
                (ward, sex, "early_help_plan", float(n), n, None, None, float(n), None, None)
            )
    schema = {
        "ward": pl.String, "sex": pl.String, "measure": pl.String, "value": pl.Float64, "n": pl.Int64, "low": pl.Float64,
        "high": pl.Float64, "numerator": pl.Float64, "denominator": pl.Float64, "reason": pl.String,
    }  # fmt: skip
    spec = TableSpec(
        id="services-ward-sex", title="Children with an early help plan by ward and sex", population="children-0-17", period="2026",
        unit="children", dimensions=(
            Dimension(column="ward", label="Ward", order=("All", *WARDS), labels={"All": "All", **WARDS}),
            Dimension(column="sex", label="Sex", order=("All", "F", "M"), labels={"All": "All", "F": "girls", "M": "boys"}),
        ),
    )  # fmt: skip
    return Measured(spec, pl.DataFrame(rows, schema=schema, orient="row"))
