"""A study handed to the linker: codes in one file, answers in another, so that no file holds a name beside an answer.

The list of codes goes to the holder (a school or a trusted party), who writes beside each code whose it is
and whether they agreed to linking; it comes back as a delivery of `survey-holder`, which stays on the
identity side. The answers go as a delivery of `survey-pupils`. A run joins the two as `identity` links
them, and only for those who agreed.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.sources import source
from threecircles.survey.closing import read_closed
from threecircles.survey.field import store_of
from threecircles.survey.study import Study, folder_of

STATUS = {"finished": "completed", "stopped": "completed"}
PREFER_NOT = "P"
ABSENT = "absent"


def holder_list(workspace: Path, study: Study, out: Path) -> Path:
    """The codes of a study for whoever knows whose they are: columns of `survey-holder`, names left blank.

    Codes that were opted out are left out. Raises UsageError for a study that issues no codes.
    """
    if study.mode != "identifiable":
        raise UsageError(
            "An anonymous study has no codes to hand over.", mend="Nobody can tell whose its answers are."
        )  # fmt: skip
    store = store_of(workspace, study)
    rows = store.run(
        "SELECT p.code, c.urn, c.nc_year FROM pupil_code p JOIN class c ON c.code = p.class_code "
        "WHERE p.opted_out = 0 ORDER BY c.urn, c.nc_year, c.name, p.code"
    )
    store.close()
    columns = [c.name for c in source("survey-holder").tables[0].columns]
    known = [{c: r.get(c) for c in columns} for r in rows]
    table = pl.DataFrame(known, schema=dict.fromkeys(columns, pl.String), strict=False)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"survey_holder_{study.id}.csv"
    table.write_csv(path)
    return path


def answers_file(workspace: Path, study: Study, out: Path) -> Path:
    """The frozen answers as a delivery of `survey-pupils`: a row a code that was issued, by code alone.

    Codes nobody began with are absent. Questions that the layout does not hold stay with the study.
    """
    frozen = read_closed(workspace, study)["responses"]
    columns = [c.name for c in source("survey-pupils").tables[0].columns]
    items = [c for c in columns if f"{c}__why" in frozen.columns and c != "sex"]
    told = frozen.with_columns(
        pl.when(pl.col(f"{i}__why") == "refused").then(pl.lit(PREFER_NOT)).otherwise(i).alias(i)
        for i in items
    ).select(
        pl.col("response_id").alias("code"), "urn", pl.col("nc_year").cast(pl.String),
        _sex(frozen).alias("sex"), "wave", pl.col("on").alias("completed_on"),
        pl.col("status").replace_strict(STATUS, default="declined").alias("status"), *items,
    )  # fmt: skip
    if study.mode == "identifiable":
        begun = set(told["code"].to_list())
        issued = pl.read_csv(holder_list(workspace, study, out), infer_schema=False)
        rest = issued.filter(~pl.col("code").is_in(begun)).select(
            "code", "urn", "nc_year", wave=pl.lit(study.wave), status=pl.lit(ABSENT)
        )
        told = pl.concat([told, rest], how="diagonal").sort("code")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"survey_pupils_{study.id}.csv"
    told.select(c for c in columns if c in told.columns).write_csv(path)
    return path


def keep_codes(known: pl.DataFrame, rows: list[dict[str, object]]) -> dict[str, list[str]]:
    """Codes of an earlier wave by the class code of this one, as the holder lists them.

    known: urn, class, code; only codes, no name. rows: the classes as they were made. Raises UsageError
    for columns that are not there and for a class that is not in the study.
    """
    missing = [c for c in ("urn", "class", "code") if c not in known.columns]
    if missing:
        raise UsageError(
            "The list of codes lacks columns.", found=", ".join(missing), allowed="urn, class, code"
        )  # fmt: skip
    classes = {(str(r["urn"]), str(r["name"])): str(r["code"]) for r in rows}
    told: dict[str, list[str]] = {}
    for row in known.iter_rows(named=True):
        place = classes.get((str(row["urn"]), str(row["class"])))
        if place is None:
            raise UsageError(
                "A code of a class that is not in the list of classes.", found=f"{row['urn']}, {row['class']}"
            )  # fmt: skip
        told.setdefault(place, []).append(str(row["code"]))
    return told


def handed_over(workspace: Path, study: Study, out: Path) -> list[Path]:
    """Everything that can be handed over now: the codes of a named study, and the answers of a closed one."""
    closed = (folder_of(workspace, study.id) / "closed.json").exists()
    files = [] if study.mode == "anonymous" else [holder_list(workspace, study, out)]
    return [*files, answers_file(workspace, study, out)] if closed else files


def _sex(frozen: pl.DataFrame) -> pl.Expr:
    told = pl.col("sex") if "sex" in frozen.columns else pl.lit(None, pl.String)
    return pl.when(told.is_in(["F", "M"])).then(told)
