"""Money from who pays, through how early, to what end, as one picture: without it nobody sees how little goes to prevention."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import polars as pl

from threecircles.funding.share_rules import UNALLOCATED, ShareRules, shared

WIDTH, HEIGHT, BAR, GAP = 960.0, 520.0, 16.0, 10.0
COLOURS = ("#12436d", "#28a197", "#801650", "#f46a25", "#3d3d3d", "#a285d1")
STAGES = ("agency", "prevention_level", "outcome_area")


def flow(
    lines: pl.DataFrame,
    rules: ShareRules,
    amounts: Mapping[str, Mapping[str, float]] | None = None,
) -> pl.DataFrame:
    """Pence from agency to prevention level to outcome area; the parts add up to the whole to the penny.

    lines: spend_id, agency, budget_line, net_pence. Each sum is split by level, then each part by outcome
    area; what no rule holds for is `unallocated`, and `assumed` says whether a rule on the way was assumed.
    Columns: agency, prevention_level, outcome_area, pence, assumed.
    """
    known = lines.filter(pl.col("net_pence").is_not_null())
    first = shared(known, rules, "prevention_level", amounts).rename({"part": "prevention_level"})
    halves = first.with_row_index("k").with_columns(spend_id=pl.format("{}#{}", "spend_id", "k"))
    again = shared(halves.select("spend_id", "budget_line", net_pence="pence"), rules, "outcome_area", amounts)  # fmt: skip
    agency = known.select("spend_id", "agency")
    return (
        again.rename({"part": "outcome_area"})
        .join(halves.select("spend_id", "prevention_level", first="confidence"), on="spend_id")
        .with_columns(spend_id=pl.col("spend_id").str.replace(r"#\d+$", ""))
        .join(agency, on="spend_id", how="left")
        .group_by("agency", "prevention_level", "outcome_area")
        .agg(
            pl.col("pence").sum(),
            assumed=((pl.col("confidence") == "assumed") | (pl.col("first") == "assumed")).any(),
        )
        .sort("agency", "prevention_level", "outcome_area")
    )


def flow_svg(table: pl.DataFrame, title: str) -> str:
    """A Sankey drawing of a flow; assumed parts are hatched. The table is printed beside it, never left out.

    Money below nought (income above spend) has no width and is left to the table.
    """
    shown = table.filter(pl.col("pence") > 0)
    whole = float(shown["pence"].sum()) or 1.0
    nodes: dict[tuple[int, str], tuple[float, float]] = {}
    parts: list[str] = []
    most = max(shown[s].n_unique() for s in STAGES) if shown.height else 1
    scale = (HEIGHT - GAP * most) / whole
    for i, stage in enumerate(STAGES):
        y = 0.0
        sums = shown.group_by(stage).agg(pl.col("pence").sum()).sort("pence", descending=True)
        for name, pence in sums.iter_rows():
            nodes[i, name] = (y, pence * scale)
            y += pence * scale + GAP
    for i in range(2):
        parts += _bands(shown, i, nodes, scale)
    for (i, name), (y, height) in nodes.items():
        x = _x(i)
        side, anchor = (x - 6, "end") if i == 2 else (x + BAR + 6, "start")
        pence = float(shown.filter(pl.col(STAGES[i]) == name)["pence"].sum())
        label = f"{_word(name)} \u00a3{pence / 100:,.0f} ({pence / whole:.0%})"
        parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{BAR}" height="{max(height, 1):.1f}" fill="#0b0c0c"/>')  # fmt: skip
        parts.append(f'<text x="{side:.1f}" y="{y + height / 2 + 5:.1f}" text-anchor="{anchor}">{escape(label)}</text>')  # fmt: skip
    hatch = '<pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" stroke="#fff" stroke-width="3"/></pattern>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {WIDTH + 8} {HEIGHT + 8}" role="img" aria-labelledby="flow-title flow-desc" '
        f'font-family="arial, sans-serif" font-size="14"><title id="flow-title">{escape(title)}</title>'
        f'<desc id="flow-desc">Money from who pays, to how early help comes, to what end. Hatched: the split was assumed. The table holds the same figures.</desc>'
        f"<defs>{hatch}</defs>{''.join(parts)}</svg>"
    )


def _bands(shown: pl.DataFrame, i: int, nodes: Mapping[tuple[int, str], tuple[float, float]], scale: float) -> list[str]:  # fmt: skip
    left, right = STAGES[i], STAGES[i + 1]
    sums = shown.group_by(left, right).agg(pl.col("pence").sum(), pl.col("assumed").any())
    used: dict[tuple[int, str], float] = {}
    made = []
    names = sorted(shown[STAGES[0]].unique()) if i == 0 else sorted(shown[left].unique())
    ordered = sorted(sums.iter_rows(), key=lambda r: (nodes[i, r[0]][0], nodes[i + 1, r[1]][0]))
    for a, b, pence, assumed in ordered:
        height = pence * scale
        y0 = nodes[i, a][0] + used.get((i, a), 0.0)
        y1 = nodes[i + 1, b][0] + used.get((i + 1, b), 0.0)
        used[i, a] = used.get((i, a), 0.0) + height
        used[i + 1, b] = used.get((i + 1, b), 0.0) + height
        x0, x1 = _x(i) + BAR, _x(i + 1)
        middle = (x0 + x1) / 2
        path = (
            f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}V{y1 + height:.1f}"
            f"C{middle:.1f} {y1 + height:.1f} {middle:.1f} {y0 + height:.1f} {x0:.1f} {y0 + height:.1f}Z"
        )
        colour = "#b1b4b6" if UNALLOCATED in (a, b) else COLOURS[names.index(a) % len(COLOURS)]
        made.append(f'<path d="{path}" fill="{colour}" fill-opacity="0.45"/>')
        if assumed:
            made.append(f'<path d="{path}" fill="url(#hatch)" fill-opacity="0.5"/>')
    return made


def _x(i: int) -> float:
    return i * (WIDTH - BAR) / 2


def _word(name: str) -> str:
    return name.replace("_", " ").capitalize()


def flow_text(table: pl.DataFrame) -> str:
    """The same figures as rows."""
    lines = ["Who pays, how early, to what end (* = the split was assumed):"]
    lines += [
        f"  {r['agency']:<18}{_word(r['prevention_level']):<18}{_word(r['outcome_area']):<30}\u00a3{r['pence'] / 100:>16,.2f}"
        + (" *" if r["assumed"] else "")
        for r in table.iter_rows(named=True)
    ]
    lines.append(f"  {'All':<66}\u00a3{int(table['pence'].sum()) / 100:>16,.2f}")
    return "\n".join(lines)
