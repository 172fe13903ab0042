"""Money with an end, a pool and a fence: without it next year's budget would look certain and one pool count thrice."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from threecircles.core.rounding import largest_remainder
from threecircles.synthetic.money import LINES
from threecircles.synthetic.world import World

OWN, HEALTH, POLICE = "local authority", "health", "police"
COLUMNS = {
    "agency": pl.String, "line": pl.String, "label": pl.String, "gross": pl.Int64, "income": pl.Int64, "net": pl.Int64,
    "funding_source": pl.String, "term": pl.String, "ends_on": pl.Date, "pool_id": pl.String, "fenced_to": pl.String,
}  # fmt: skip
POOL, JOINT = "pool-1", "joint-pool"
"""The pool with partners in the place, and that of several adjoining places."""


def council_ledger(world: World, entries: pl.DataFrame) -> pl.DataFrame:
    """The council's own ledger of the year in pounds, line by line, cut by who pays and till when.

    One grant has an end, one part of a line is the council's share of a pool, one fund is fenced to wards
    (codes with spaces between). The rows of a line add up to the line of the ledger to the pound.
    Columns: agency, line, label, gross, income, net, funding_source, term, ends_on, pool_id, fenced_to.
    """
    p = world.profile["funds"]
    gross = dict(entries.group_by("line").agg(pl.col("gross_pence").sum()).iter_rows())
    rows = []
    for line, label, _ in LINES:
        pounds = round(gross[line] / 100)
        cuts = {
            p["grant_line"]: ("dated grant", p["grant_share"]), p["pool_line"]: ("pooled budget", p["pool_share"]),
            p["fence_line"]: ("fenced fund", p["fence_share"]),
        }  # fmt: skip
        if "adjoining" in world.profile.values:
            joint = world.profile["adjoining"]
            cuts[joint["pool_line"]] = ("joint pooled budget", joint["pool_share"])
        name, share = cuts.get(line, ("", 0.0))
        core, part = largest_remainder([1 - share, share], pounds)
        rows.append(_row(OWN, line, label, core))
        if name:
            rows.append(_row(OWN, line, label, part, name, **_terms(world, name)))
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def health_ledger(world: World, entries: pl.DataFrame) -> pl.DataFrame:
    """What the health board books: its own share of the pool, and the share of the police that it holds for them.

    So the pool of three agencies stands in two ledgers, each part once. Columns as `council_ledger`.
    """
    p = world.profile["funds"]
    own = council_ledger(world, entries).filter(pl.col("pool_id") == POOL)
    total = int(own["net"].sum()) / p["pool_parts"][OWN]
    line, label = own["line"][0], own["label"][0]
    rows = [
        _row(agency, line, label, round(total * p["pool_parts"][agency]), "pooled budget", **_terms(world, "pooled budget"))
        for agency in (HEALTH, POLICE)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def fund_table(world: World, entries: pl.DataFrame) -> pl.DataFrame:
    """Truth of the three funds: fund, pounds (the pool once), ends_on, wards, partners.

    A budget that adjoining places hold together is told once, in their common truth.
    """
    both = pl.concat([council_ledger(world, entries), health_ledger(world, entries)])
    return (
        both.filter(~pl.col("funding_source").is_in(["core", "joint pooled budget"]))
        .group_by(fund="funding_source", maintain_order=True)
        .agg(
            pounds=pl.col("net").sum(), ends_on=pl.col("ends_on").first(), wards=pl.col("fenced_to").first(),
            partners=pl.col("agency").n_unique().cast(pl.Int64),
        )
        .sort("fund")
    )  # fmt: skip


def _terms(world: World, name: str) -> dict[str, object]:
    if name == "dated grant":
        return {"term": "ends", "ends_on": date(world.year + 1, 3, 31)}
    if name in ("pooled budget", "joint pooled budget"):
        return {"pool_id": POOL if name == "pooled budget" else JOINT}
    return {"fenced_to": " ".join(_poorest(world, world.profile["funds"]["fence_wards"]))}


def _poorest(world: World, n: int) -> list[str]:
    """Codes of the wards with the greatest deprivation, as many as there are up to n."""
    land = world.land
    wards = np.unique(land.ward)
    mean = np.array([land.d[land.ward == w].mean() for w in wards])
    return sorted(land.ward_code[wards[np.argsort(-mean, kind="stable")[:n]]].tolist())


def _row(
    agency: str, line: str, label: str, pounds: int, funding: str = "core", **more: object
) -> dict[str, object]:
    base: dict[str, object] = dict.fromkeys(COLUMNS)
    return base | {
        "agency": agency, "line": line, "label": label, "gross": pounds, "income": 0, "net": pounds,
        "funding_source": funding, "term": "goes on", **more,
    }  # fmt: skip
