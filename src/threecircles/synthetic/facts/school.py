"""Figures of pupils, areas and young offenders: without it the rest of a place could not be marked."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from threecircles.synthetic.facts.folder import Figures, Folder, share

_PRIMARY = ("R", "1", "2", "3", "4", "5", "6")


def school_figures(folder: Folder) -> Figures:
    """Facts 8, 45 to 55: the spring census, events, results and plans."""
    pupils = folder.returned("school", "pupilonroll").filter(pl.col("ncyearactual") != "N2")
    primary = pl.col("ncyearactual").is_in(list(_PRIMARY))
    meals = (
        folder.returned("school", "fsmperiod")
        .select("pupilonrolltableid")
        .unique()
        .with_columns(fsm=pl.lit(True))
    )
    missed = folder.returned("school", "termlysessiondetailsonroll").group_by("pupilonrolltableid").agg(
        missed=pl.col("sessions").cast(pl.Int64).sum()
    )  # fmt: skip
    pupils = (
        pupils.with_columns(primary=primary).join(meals, on="pupilonrolltableid", how="left")
        .join(missed, on="pupilonrolltableid", how="left")
        .with_columns(pl.col("fsm").fill_null(False), pl.col("missed").fill_null(0))
        .with_columns(absence=pl.col("missed") / pl.col("termlysessionspossible").cast(pl.Int64))
    )  # fmt: skip
    open_now = folder.returned("cin", "CINdetails").filter(
        pl.col("CINclosureDate").is_null() & (pl.col("ReferralNFA") == "0")
    )
    upns = (
        folder.returned("cin", "ChildIdentifiers")
        .join(open_now, on="LAchildID", how="semi")["UPN"]
        .drop_nulls()
    )
    in_need = pupils.filter(pl.col("upn").is_in(upns.implode()))
    counted = pupils.filter(pl.col("ncyearactual").cast(pl.Int64, strict=False).is_between(1, 11))
    counted_need = in_need.filter(
        pl.col("ncyearactual").cast(pl.Int64, strict=False).is_between(1, 11)
    )
    figures: Figures = {}
    for name, part in (
        ("primary", pupils.filter("primary")),
        ("secondary", pupils.filter(~pl.col("primary"))),
    ):
        figures[45, name] = share(part["fsm"])
        figures[8, name] = share(part["language"] != "ENG")
    figures |= {
        (46, "plan"): share(pupils["senprovision"] == "E"), (46, "support"): share(pupils["senprovision"] == "K"),
        (49, "no need"): share(in_need["senprovision"] == "N"), (49, "support"): share(in_need["senprovision"] == "K"),
        (49, "plan"): share(in_need["senprovision"] == "E"), (49, "free meals"): share(in_need["fsm"]),
        (50, "missed"): 100 * float(counted["absence"].mean() or 0),  # type: ignore[arg-type]
        (51, "persistent"): share(counted["absence"] >= 0.1), (51, "severe"): share(counted["absence"] >= 0.5),
        (52, "persistent"): share(counted_need["absence"] >= 0.1),
    }  # fmt: skip
    events = folder.truth("exclusion")
    figures |= _schools(folder) | _results(folder) | _plans(folder)
    for name, kind in (("suspensions", False), ("permanent", True)):
        figures[53, name] = (
            100 * events.filter(pl.col("permanent") == kind).height / max(pupils.height, 1)
        )
    return figures


def _schools(folder: Folder) -> Figures:
    """Schools by phase with their pupils, nursery classes among them (fact 55)."""
    phases = folder.reference("schools").select(pl.col("URN").cast(pl.String).alias("urn"), "phase")
    every = folder.returned("school", "pupilonroll").join(phases, on="urn", how="left")
    return {
        (55, name): float(frame.filter(pl.col("phase") == phase).height)
        for phase in ("primary", "secondary")
        for name, frame in ((phase, phases), (f"pupils, {phase}", every))
    }


def _results(folder: Folder) -> Figures:
    """Key stages 2 and 4 (fact 54)."""
    made = folder.truth("key_stage")
    score = made["attainment_8"].drop_nulls()
    return {
        (54, "expected at 11"): share(made["expected"].drop_nulls()),
        (54, "attainment 8"): float(score.mean() or 0),  # type: ignore[arg-type]
    }


def _plans(folder: Folder) -> Figures:
    """Education, health and care plans: cases, requests of the last calendar year, time to a plan (47, 48)."""
    requests, last = folder.truth("plan_request"), folder.year - 1
    made = requests.filter(pl.col("plan_on").dt.year() == last)
    days = (made["plan_on"] - made["requested"]).dt.total_days()
    return {
        (47, "cases"): folder.truth("plan_case").height,
        (47, "requests"): requests.filter(pl.col("requested").dt.year() == last).height,
        (48, "made"): made.height, (48, "within 20 weeks"): share(days <= 140),
    }  # fmt: skip


def health_figures(folder: Folder) -> Figures:
    """Facts 67 and 68: young people in nothing, early conceptions, infants."""
    after, births = folder.truth("condition"), folder.truth("birth")
    aged = after.filter(pl.col("neet").is_not_null())
    girls = folder.truth("person").filter(
        pl.col("resident") & (pl.col("sex") == "F") & pl.col("age").is_between(15, 17)
    )
    return {
        (67, "neet"): share(aged["neet"]), (67, "neet or not known"): share(aged["neet"] | aged["activity_not_known"]),
        (68, "conceptions"): 1000 * folder.truth("conception").height / max(girls.height, 1),
        (68, "infant deaths"): 1000 * folder.truth("infant_death").height / max(births.height, 1),
        (68, "low weight at term"): share(births.filter(pl.col("weeks") >= 37)["low_at_term"]),
    }  # fmt: skip


def land_figures(folder: Folder) -> Figures:
    """Facts 1 to 11: children, areas, ages, deprivation."""
    areas, population = folder.reference("lsoa_lookup"), folder.reference("population_lsoa")
    deprivation = folder.reference("deprivation_lsoa")
    figures: Figures = {
        (1, "children"): int(population["population"].sum()),
        (2, "areas"): areas.height,
    }
    figures[4, "all ages"] = int(population.filter(pl.col("age") < 18)["population"].sum())
    for age in (0, 5, 10, 15, 17):
        figures[3, f"age {age}"] = int(population.filter(pl.col("age") == age)["population"].sum())
    young = (
        population.filter(pl.col("age") < 16)
        .group_by("LSOA21CD")
        .agg(pl.col("population").sum())["population"]
        .to_numpy()
    )
    for name, at in (("5th", 0.05), ("median", 0.5), ("95th", 0.95)):
        figures[5, name] = 100 * float(np.quantile(young, at) / young.mean())
    figures[6, "urban"] = share(areas["RUC21"] == "Urban")
    for name, at in (
        ("5th", 0.05),
        ("25th", 0.25),
        ("median", 0.5),
        ("75th", 0.75),
        ("95th", 0.95),
    ):
        figures[9, name] = 100 * float(np.quantile(deprivation["idaci_rate"].to_numpy(), at))
    for decile in range(1, 11):
        figures[10, str(decile)] = deprivation.filter(pl.col("imd_decile") == decile).height
    now = folder.truth("need").filter(pl.col("year") == folder.year)
    figures[11, "poor"] = share(now["risk_poverty"])
    aged = now.join(folder.truth("person").select("person_id", "age"), on="person_id").filter(
        pl.col("age").is_between(8, 16)
    )
    figures[59, "probable"] = share(aged["risk_child_mental_health"])
    harms = ["domestic_abuse", "parental_mental_health", "parental_substance"]
    figures[70, "moderate"] = share(pl.all_horizontal(f"risk_{h}" for h in harms), now)
    figures[70, "severe"] = share(now["three_harms_severe"])
    circles = folder.truth("circles").filter(
        (pl.col("population") == "all") & (pl.col("service") == "social")
    )
    figures[69, "high need"] = 100 * circles["need"][0]
    figures[69, "coverage"] = 100 * circles["coverage"][0]
    return figures


def justice_figures(folder: Folder) -> Figures:
    """Facts 56 and 57, per head of residents aged 10 to 17."""
    youths = int(
        folder.reference("population_lsoa")
        .filter(pl.col("age").is_between(10, 17))["population"]
        .sum()
    )
    spells = folder.truth("justice").filter(pl.col("day") > folder.end - timedelta(days=365))
    proven = spells.filter(pl.col("kind").is_in(["caution", "order", "custody"]))
    return {
        (56, "entrants"): 100_000 * int(proven["first_time"].sum()) / max(youths, 1),
        (57, "proven"): 10_000 * proven["person_id"].n_unique() / max(youths, 1),
    }
