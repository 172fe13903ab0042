"""The revenue outturn in thousand pounds: without it a place's spend could not be laid beside the national return."""

from __future__ import annotations

import polars as pl

from threecircles.core.rounding import largest_remainder
from threecircles.synthetic.money import SECTIONS
from threecircles.synthetic.world import World

LOOKED_AFTER = ("Residential care", "Fostering services", "Other children looked after services")


def ro3_table(world: World, entries: pl.DataFrame) -> pl.DataFrame:
    """Rows of the revenue outturn in thousand pounds, from the ledger: line, total, income, net.

    Lines of looked-after care, other blocks, and the totals with employees and running expenses as the
    summary (RSX) gives them. RO3 sorts the care of looked-after children otherwise than section 251 does
    (agency homes stand among other services), so shares of its lines are those published.
    Source: MHCLG revenue outturn 2024-25 (facts 64 and 65).
    """
    p = world.profile["ro3"]
    blocks = dict(
        entries.group_by(pl.col("line").str.slice(0, 3))
        .agg(pl.col("gross_pence").sum())
        .iter_rows()
    )
    thousand = sum(blocks.values()) / 100_000
    total = round(thousand * p["total_over_ledger"])
    employees = round(total * p["employees_share"])
    net = round(thousand * p["net_over_ledger"])
    care = round(blocks["3.1"] / 100_000 * p["looked_after_over_ledger"])
    others = {k: v for k, v in sorted(blocks.items()) if k != "3.1"}
    # Income stands against the other blocks: that of looked-after care is netted off already.
    gross = largest_remainder(list(others.values()), total - care)
    left = largest_remainder(list(others.values()), net - care)
    _, share = p.shares("looked_after_shares")
    lines = list(zip(LOOKED_AFTER, largest_remainder(list(share), care), strict=True))
    rows = [(label, None, None, value, 0, value) for label, value in lines]
    rows.append(("Total children looked after", None, None, care, 0, care))
    rows += [
        (SECTIONS[k], None, None, g, g - n, n) for k, g, n in zip(others, gross, left, strict=True)
    ]
    rows.append(
        ("Total children social care", employees, total - employees, total, total - net, net)
    )
    names = ["line", "employees", "running_expenses", "total_expenditure", "income", "net"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
