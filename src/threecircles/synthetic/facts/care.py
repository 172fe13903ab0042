"""Figures of the looked-after children return: without it care in a place could not be marked."""

from __future__ import annotations

import numpy as np
import polars as pl

from threecircles.synthetic.facts.folder import Figures, Folder, share
from threecircles.synthetic.facts.social import _age


def care_figures(folder: Folder) -> Figures:
    """Facts 30 to 40 and 71 from the return of the year."""
    episodes = folder.returned("s903", "Episodes")
    header = folder.returned("s903", "Header")
    now = episodes.filter(pl.col("DEC").is_null()).join(
        header.select("CHILD", "DOB", "SEX"), on="CHILD"
    )
    age = _age(now["DOB"], folder.end)
    figures: Figures = {
        (30, "on 31 March"): now.height,
        (30, "started"): episodes.filter((pl.col("RNE") == "S") & (pl.col("DECOM") >= folder.start))["CHILD"].n_unique(),
        (30, "ceased"): episodes.filter(pl.col("REC").is_not_null() & (pl.col("REC") != "X1"))["CHILD"].n_unique(),
        (31, "unaccompanied"): now.join(folder.returned("s903", "UASC"), on="CHILD", how="semi").height,
        (32, "male"): now.filter(pl.col("SEX") == "M").height,
    }  # fmt: skip
    for label, low, high in (
        ("under 1", 0, 1),
        ("1 to 4", 1, 5),
        ("5 to 9", 5, 10),
        ("10 to 15", 10, 16),
        ("16 and over", 16, 99),
    ):
        figures[32, label] = int(((age >= low) & (age < high)).sum())
    place = now["PLACE"]
    figures |= {
        (33, "foster"): int(place.str.starts_with("U").sum()), (33, "homes"): int(place.is_in(["K1", "K2"]).sum()),
        (33, "independent"): int(place.is_in(["K3", "P3"]).sum()), (33, "parents"): int((place == "P1").sum()),
        (33, "adoption"): int(place.str.starts_with("A").sum()),
    }  # fmt: skip
    figures |= {(34, code): int((now["LS"] == code).sum()) for code in ("C1", "C2", "E1", "V2")}
    figures |= {(35, code): int((now["PLACE_PROVIDER"] == code).sum()) for code in ("PR1", "PR4")}
    figures |= _places(folder, episodes, now)
    figures |= _health(folder)
    ended = episodes.filter(pl.col("REC").is_not_null() & (pl.col("REC") != "X1"))
    figures[39, "adopted"] = share(ended["REC"].is_in(["E11", "E12"]))
    leavers = folder.returned("s903", "OC3")
    figures[40, "active"] = share(leavers["ACTIV"].str.contains("^[FP]"))
    figures[40, "suitable home"] = share(leavers["ACCOM"].str.ends_with("1"))
    missing = folder.returned("s903", "Missing")["CHILD"].n_unique()
    figures[71, "missing"] = 100 * missing / max(episodes["CHILD"].n_unique(), 1)
    return figures


def _places(folder: Folder, episodes: pl.DataFrame, now: pl.DataFrame) -> Figures:
    spots = folder.reference("postcodes").select("postcode", "easting", "northing", "la_code")
    at = now.join(spots, left_on="PL_POST", right_on="postcode", how="left")
    at = at.join(spots, left_on="HOME_POST", right_on="postcode", how="left", suffix="_home")
    miles = (
        np.hypot(
            (at["easting"] - at["easting_home"]).to_numpy(),
            (at["northing"] - at["northing_home"]).to_numpy(),
        )
        / 1609.3
    )
    placements = (
        episodes.filter(pl.col("RNE").is_in(["S", "P", "T", "B", "U"])).group_by("CHILD").len()
    )
    many = now.select("CHILD").join(placements, on="CHILD", how="left")["len"].fill_null(0) >= 3
    known = ~np.isnan(miles)
    return {
        (36, "inside"): share(at["la_code"] == folder.la_code),
        (36, "over 20 miles"): 100 * float((miles[known] > 20).mean()),
        (36, "three or more placements"): share(many),
    }


def _health(folder: Folder) -> Figures:
    health = folder.returned("s903", "OC2")
    score = health["SDQ_SCORE"].cast(pl.Int64).drop_nulls()
    asked = health.filter(pl.col("SDQ_SCORE").is_not_null() | pl.col("SDQ_REASON").is_not_null())
    return {
        (37, "normal"): share(score <= 13), (37, "borderline"): share((score >= 14) & (score <= 16)),
        (37, "concern"): share(score >= 17), (37, "average"): float(score.mean() or 0),  # type: ignore[arg-type]
        (37, "received"): share(asked["SDQ_SCORE"].is_not_null()),
        (38, "assessment"): share(health["HEALTH_ASSESSMENT"] == "1"),
        (38, "immunised"): share(health["IMMUNISATIONS"] == "1"), (38, "dental"): share(health["TEETH_CHECK"] == "1"),
    }  # fmt: skip
