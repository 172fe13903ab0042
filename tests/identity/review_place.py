"""A made-up workspace with linked lists and pairs that wait for a reviewer."""

from __future__ import annotations

from datetime import date

import polars as pl

from threecircles.core import workspace as workspaces
from threecircles.core.engines import engine
from threecircles.core.run import Runner
from threecircles.core.steps import Step
from threecircles.identity import LinkRequest, LinkSource, link_tables

FIELDS = ("first_name", "surname", "date_of_birth", "sex", "postcode")
NAMES = [
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gwen",
    "Hal",
    "Ida",
    "Jan",
    "Kit",
    "Lea",
    "Max",
    "Nia",
    "Otto",
    "Pia",
    "Quin",
    "Rae",
    "Sam",
    "Tess",
    "Una",
    "Vic",
    "Wyn",
    "Zoe",
]


def lists(pairs: int = 24) -> dict[str, pl.DataFrame]:
    """Two lists whose pairs differ in so much that a person has to look."""
    rows = [
        (
            f"{i}",
            name,
            f"Surname{chr(97 + i)}",
            f"201{i % 9}-0{i % 8 + 1}-1{i % 9}",
            "F",
            f"EA{i % 9 + 1} 1AA",
        )
        for i, name in enumerate(NAMES[:pairs])
    ]
    school = pl.DataFrame(rows, schema=["record_id", *FIELDS], orient="row")
    care = school.with_columns(
        pl.lit(None, dtype=pl.String).alias("postcode"), pl.col("date_of_birth").str.replace(r"-1(.)$", "-2$1"),
        surname=pl.lit("Other") + pl.col("surname").str.slice(7),
    )  # fmt: skip
    return {"school-census": school, "ssda903": care}


def make(folder, restricted: str = ""):
    """The workspace. restricted: record id in the school census of the child that is restricted."""
    workspaces.create(folder, label="Made-up", fictitious=True)
    opened = workspaces.open_workspace(folder, "identity")
    step = Step(
        name="identity.link",
        function=_linked,
        writes=("identity.*",),
        side="identity",
        params={"restricted": restricted},
    )
    Runner(opened, [step], engine("polars"), {}, say=lambda text: None).run()
    return folder


def _linked(restricted: str = ""):
    tables = lists()
    sources = tuple(
        LinkSource(name=n, file="", record_id="record_id", **{f: f for f in FIELDS}) for n in tables
    )  # type: ignore[arg-type]
    linked = link_tables(
        LinkRequest(sources=sources, fictitious=True, as_of=date(2026, 3, 31)), tables, seed=1
    )
    edges = linked.link_edge.with_columns(
        band=pl.when(pl.col("record_l") == pl.col("record_r")).then(pl.lit("review")).otherwise("band"),
        why=pl.when(pl.col("record_l") == pl.col("record_r")).then(pl.lit("near the threshold")).otherwise("why"),
    )  # fmt: skip
    records = linked.ladder.records.select(
        "source", pl.col("record_id").alias("source_key"), "first", "surname", pl.col("dob").str.to_date().alias("birth_date"), "sex", "postcode",
        pl.lit(None, dtype=pl.String).alias("ethnic_group"), restricted=(pl.col("source") == "school-census") & (pl.col("record_id") == restricted),
    )  # fmt: skip
    return {"identity.link_edge": edges, "identity.link_record": records}
