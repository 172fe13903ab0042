"""Figures of the children in need census: without it the social care of a place could not be marked."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from threecircles.synthetic.days import working_between
from threecircles.synthetic.facts.folder import Figures, Folder, share

SOURCES = ("1", "2", "2B", "3", "4", "5", "6", "7", "8", "9", "10")
_KEY = ["LAchildID", "CINdetailsID"]
_LENGTHS = (("to 3 months", 0, 91), ("3 to 6 months", 91, 183), ("6 to 12 months", 183, 365),
            ("1 to 2 years", 365, 731), ("over 2 years", 731, 99_999))  # fmt: skip


def social_figures(folder: Folder) -> Figures:
    """Facts 12 to 29 and 41 from the census of the year, and of the year before for second referrals."""
    modules = folder.returned("cin", "CINdetails").with_columns(
        in_year=pl.col("CINreferralDate") >= folder.start, no_action=pl.col("ReferralNFA") == "1"
    )
    figures: Figures = {}
    figures |= _referrals(folder, modules)
    figures |= _stock(folder, modules)
    figures |= _assessments(folder, modules)
    figures |= _enquiries(folder)
    figures |= _plans(folder)
    return figures


def _referrals(folder: Folder, modules: pl.DataFrame) -> Figures:
    year = modules.filter("in_year")
    previous = folder.returned(f"cin_{folder.year - 1}", "CINdetails")
    every = pl.concat(
        [
            modules.select("LAchildID", "CINreferralDate"),
            previous.select("LAchildID", "CINreferralDate"),
        ]
    )
    every = every.unique().sort("LAchildID", "CINreferralDate").with_columns(
        before=pl.col("CINreferralDate").shift(1).over("LAchildID")
    )  # fmt: skip
    again = every.filter(pl.col("CINreferralDate") >= folder.start)
    not_in_need = year.filter(pl.col("ReasonForClosure") == "RC8").height
    # Cases under assessment at the year's end will turn out alike; the share is of decided ones.
    decided = year.filter(
        pl.col("no_action")
        | pl.col("CINclosureDate").is_not_null()
        | (pl.col("CINreferralDate") < folder.end - timedelta(days=90))
    )
    part = decided.filter(pl.col("ReasonForClosure") == "RC8").height / max(decided.height, 1)
    accepted = modules.filter(~pl.col("no_action"))
    ended = accepted.filter(
        pl.col("CINclosureDate").is_not_null() & (pl.col("ReasonForClosure") != "RC8")
    )
    figures: Figures = {
        (13, "referrals"): year.height,
        (14, "again"): share(
            (again["CINreferralDate"] - again["before"]).dt.total_days().fill_null(9999) <= 365
        ),
        (15, "no action"): share(year["no_action"]),
        (15, "not in need"): 100 * part,
        (16, "started"): year.height
        - int(year["no_action"].sum())
        - max(not_in_need, part * year.height),
        (16, "ended"): ended.height,
    }
    group = year["ReferralSource"].str.replace(r"[ABCDEF]$", "").to_numpy().copy()
    group[(year["ReferralSource"] == "2B").to_numpy()] = "2B"
    names, counts = np.unique(group, return_counts=True)
    counted = dict(zip(names.tolist(), counts.tolist(), strict=True))
    figures |= {(17, name): float(counted.get(name, 0)) for name in SOURCES}
    month = year["CINreferralDate"].dt.month()
    for name, number in (("april", 4), ("august", 8), ("november", 11)):
        figures[18, name] = share(month == number)
    return figures


def _stock(folder: Folder, modules: pl.DataFrame) -> Figures:
    now = modules.filter(~pl.col("no_action") & pl.col("CINclosureDate").is_null())
    born = folder.returned("cin", "ChildIdentifiers").select("LAchildID", "PersonBirthDate")
    now = now.join(born, on="LAchildID", how="left")
    figures: Figures = {(12, "children"): now["LAchildID"].n_unique()}
    days = pl.Series((folder.end - now["CINreferralDate"]).dt.total_days())
    for label, low, high in _LENGTHS:
        figures[27, label] = share((days >= low) & (days < high))
    for code in ("N1", "N2", "N3", "N4", "N5", "N6", "N8"):
        figures[19, code] = share(now["PrimaryNeedCode"] == code)
    disabled = (
        folder.returned("cin", "Disabilities")
        .filter(pl.col("Disability") != "NONE")["LAchildID"]
        .unique()
    )
    figures[28, "disabled"] = share(now["LAchildID"].unique().is_in(disabled.implode()))
    age = _age(now["PersonBirthDate"], folder.end)
    figures[41, "unborn"] = share(age.is_null())
    for label, low, high in (
        ("under 1", 0, 1),
        ("1 to 4", 1, 5),
        ("5 to 9", 5, 10),
        ("10 to 15", 10, 16),
        ("16 and over", 16, 99),
    ):
        figures[41, label] = share(((age >= low) & (age < high)).fill_null(False))
    return figures


def _age(birth: pl.Series, day: date) -> pl.Series:
    of_year = birth.dt.month().cast(pl.Int32) * 100 + birth.dt.day()
    had = of_year <= day.month * 100 + day.day
    return day.year - birth.dt.year() - 1 + had.cast(pl.Int32)


def _working(start: pl.Series, end: pl.Series) -> np.ndarray:
    return working_between(start.to_physical().to_numpy(), end.to_physical().to_numpy())


def _assessments(folder: Folder, modules: pl.DataFrame) -> Figures:
    done = folder.returned("cin", "Assessments").filter(
        pl.col("AssessmentAuthorisationDate").is_not_null()
    )
    done = done.join(modules.select(*_KEY, "CINreferralDate"), on=_KEY)
    # The first assessment of a case counts from the referral, a later one from its own start.
    first = pl.col("AssessmentID") == 1
    begun = done.select(
        pl.when(first).then("CINreferralDate").otherwise("AssessmentActualStartDate")
    )
    days = _working(begun.to_series(), done["AssessmentAuthorisationDate"])
    factors = folder.returned("cin", "AssessmentFactorsList")
    figures: Figures = {
        (20, "completed"): done.height, (20, "median"): float(np.median(days)),
        (20, "lower"): float(np.quantile(days, 0.25)), (20, "upper"): float(np.quantile(days, 0.75)),
        (20, "within 45"): 100 * float((days <= 45).mean()),
    }  # fmt: skip
    for code in ("3B", "4B", "1B", "2B", "16A"):
        figures[29, code] = (
            100 * factors.filter(pl.col("AssessmentFactor") == code).height / max(done.height, 1)
        )
    return figures


def _enquiries(folder: Folder) -> Figures:
    made = folder.returned("cin", "Section47")
    held = made.filter(
        pl.col("DateOfInitialCPC").is_not_null() & (pl.col("DateOfInitialCPC") >= folder.start)
    )
    return {
        (21, "enquiries"): made.filter(pl.col("S47ActualStartDate") >= folder.start).height,
        (21, "conferences"): held.height,
        (21, "within 15"): 100
        * float((_working(held["S47ActualStartDate"], held["DateOfInitialCPC"]) <= 15).mean()),
    }


def _plans(folder: Folder) -> Figures:
    plans = folder.returned("cin", "ChildProtectionPlans")
    new = plans.filter(pl.col("CPPstartDate") >= folder.start)
    ended = plans.filter(pl.col("CPPendDate").is_not_null())
    now = plans.filter(pl.col("CPPendDate").is_null())
    cin_plans = folder.returned("cin", "CINplanDates")
    figures: Figures = {
        (22, "plans"): now.height, (23, "starting"): new.height,
        (23, "repeat"): share(new["NumberOfPreviousCPP"] > 0),
        (28, "plans"): cin_plans.filter(pl.col("CINPlanEndDate").is_null()).height,
        (25, "on time"): _on_time(folder, now),
    }  # fmt: skip
    figures[26, "ended"] = ended.height
    length = (ended["CPPendDate"] - ended["CPPstartDate"]).dt.total_days()
    for label, low, high in _LENGTHS:
        figures[26, label] = share((length >= low) & (length < high))
    for code in ("NEG", "PHY", "SAB", "EMO"):
        figures[24, code] = share(now["InitialCategoryOfAbuse"] == code)
    return figures


def _on_time(folder: Folder, now: pl.DataFrame) -> float:
    """Plans open for three months or more of which every review shown was in time."""
    reviews = folder.returned("cin", "Reviews").join(
        now.select(*_KEY, "CPPID", "CPPstartDate"), on=[*_KEY, "CPPID"]
    )
    reviews = reviews.sort(*_KEY, "CPPreviewDate").with_columns(
        before=pl.col("CPPreviewDate").shift(1).over(_KEY)
    )
    first = pl.col("before").is_null() & (pl.col("CPPstartDate") >= folder.start)
    gap = (
        pl.col("CPPreviewDate") - pl.when(first).then("CPPstartDate").otherwise("before")
    ).dt.total_days()
    late = (
        reviews.filter(gap.fill_null(0) > pl.when(first).then(93).otherwise(184))
        .select(_KEY)
        .unique()
    )
    due = now.filter((folder.end - pl.col("CPPstartDate")).dt.total_days() >= 91)
    kept = due.join(late, on=_KEY, how="anti").height
    return 100 * kept / max(due.height, 1)
