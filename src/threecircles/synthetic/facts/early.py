"""Figures of small children: without it reviews at two and profiles at five could not be marked."""

from __future__ import annotations

import polars as pl

from threecircles.synthetic.facts.folder import Figures, Folder, share


def early_figures(folder: Folder) -> Figures:
    """Facts 42 to 44 and 58 from the profile of the year and the reviews due in it."""
    if not folder.holds("eyfs"):
        return {}
    profile = folder.returned("eyfs", "eyfs_profile").with_columns(good=pl.col("gld") == "1")
    pupils = folder.returned("school", "pupilonroll").select("upn", "pupilonrolltableid")
    meals = folder.returned("school", "fsmperiod").select("pupilonrolltableid").unique()
    fed = pupils.join(meals, on="pupilonrolltableid", how="semi")["upn"].drop_nulls()
    details = folder.returned("cin", "CINdetails").filter(
        pl.col("CINclosureDate").is_null() & (pl.col("ReferralNFA") == "0")
    )
    children = folder.returned("cin", "ChildIdentifiers").join(details, on="LAchildID", how="semi")
    free = profile["upn"].is_in(fed.implode())
    in_need = profile["upn"].is_in(children["UPN"].drop_nulls().implode())
    due = folder.truth("two_year")
    return {
        (42, "all"): share(profile["good"]), (42, "free meals"): share(profile.filter(free)["good"]),
        (42, "others"): share(profile.filter(~free)["good"]), (43, "in need"): share(profile.filter(in_need)["good"]),
        (44, "assessed"): profile.height,
        (58, "reviewed"): share(due["reviewed_on"].is_not_null()),
    }  # fmt: skip
