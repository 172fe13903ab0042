"""Costs in words and columns for the screen: a price without its source would be quoted as the truth."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from threecircles.funding.cost_files import Costed
from threecircles.funding.cost_table import CostTable, processes


def table_dict(table: CostTable) -> dict[str, Any]:
    """What `cost table --json` writes."""
    made = asdict(table)
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in made.items()}


def table_text(table: CostTable) -> str:
    """What `cost table` prints."""
    labels = {p["id"]: p["label"] for p in processes()}
    lines = [f"{table.label}. Prices of {table.price_year}, {table.geography}, {table.method.replace('_', ' ')}.",
             f"Source: {table.source}"]  # fmt: skip
    for row in table.rows:
        of = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in row.subject.items())
        name = labels.get(row.component, row.component)
        each = f"{'an' if row.unit[0] in 'aeio' else 'a'} {row.unit}"
        lines.append(f"  {name:<52}{of:<32}£{row.pence / 100:>12,.2f} {each}")
    return "\n".join(lines)


def pathway_text(found: Costed) -> str:
    """What `cost pathway` prints: components, total and spread; no child's row."""
    told = found.as_dict()
    labels = {p["id"]: p["label"] for p in processes()}
    lines = [
        f"From {found.start} to {found.end}, prices of {', '.join(t.label for t in found.tables)}"
    ]
    for part in told["components"]:
        uncosted = f"  ({part['uncosted']} without a price)" if part["uncosted"] else ""
        name = labels.get(part["component"], part["component"])
        lines.append(f"  {name:<52}£{part['pence'] / 100:>14,.2f}{uncosted}")
    lines.append(f"  {'All':<52}£{told['pence'] / 100:>14,.2f}")
    each = told["spread_pence"]
    lines.append(
        f"{each['children']:,.0f} children: mean £{each['mean'] / 100:,.2f}, median £{each['median'] / 100:,.2f}, "
        f"90th percentile £{each['p90'] / 100:,.2f}; the costliest hundredth takes {each['top_hundredth_share']:.1%}."
    )
    return "\n".join(lines)


def weekly_text(table: pl.DataFrame) -> str:
    """What `cost compare` prints: pounds a week and what each is divided by."""
    lines = [f"{'pounds a week':<28}{'authority':>12}{'England':>12}{'ratio':>8}  divided by"]
    for row in table.iter_rows(named=True):
        own, all_ = (f"{row[c]:,.0f}" if row[c] is not None else "not known" for c in ("authority", "england"))  # fmt: skip
        ratio = f"{row['ratio']:.2f}" if row["ratio"] is not None else ""
        mark = " (under 30 or hidden: unsteady)" if row["doubtful"] else ""
        lines.append(f"{row['label']:<28}{own:>12}{all_:>12}{ratio:>8}  {row['divided_by']}{mark}")
    return "\n".join([*lines, "A number on one day overstates the cost of a week where turnover is high."])  # fmt: skip
