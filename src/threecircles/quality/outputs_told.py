"""The page that gives something back: without it a return would be work for others only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core.rounding import round_half_away
from threecircles.quality.outputs_html import environment
from threecircles.quality.rulebook import year_label
from threecircles.quality.summary import RETURN_LABELS
from threecircles.quality.unusual import Line

HEADING = "What this return already tells you"
UNITS = {"per_10000": "per 10,000 children", "percent": "%", "score": "points", "count": ""}
YEARS_SHOWN = 2
NOTICE = (
    "For use inside the authority: small numbers are not hidden here. "
    "Figures to publish go through the disclosure room."
)


@dataclass(frozen=True)
class Shown:
    """One measure as it is read: every figure as text with its unit and year."""

    id: str
    label: str
    unit: str
    value: str
    before: tuple[str, ...]
    neighbours: str
    region: str
    england: str
    usual: str
    flags: tuple[str, ...]
    counted: str
    source: str


@dataclass(frozen=True)
class Picture:
    """The page's content. lines: measures with a value first. months: sentences on months that stand out."""

    title: str
    year: str
    lines: tuple[Shown, ...]
    not_told: tuple[tuple[str, str], ...]
    months: tuple[str, ...]
    compared: str

    @property
    def unusual(self) -> tuple[Shown, ...]:
        """The measures that are unlike others or unlike before."""
        return tuple(line for line in self.lines if line.flags)


def picture(
    return_name: str,
    year: int,
    lines: Sequence[Line],
    months: Sequence[str],
    last_year: Mapping[str, float] | None = None,
) -> Picture:
    """What the page shows. last_year: measure id -> figure worked out from last year's return."""
    told = [line for line in lines if line.value is not None]
    periods = sorted({line.period for line in told if line.period})
    compared = (
        f"Others are shown as published for the year to 31 March {periods[-1]}."
        if periods
        else "No published figures were given (--reference), so nothing is compared."
    )
    return Picture(
        title=f"{HEADING}: {RETURN_LABELS[return_name]}, {year_label(year)}",
        year=year_label(year),
        lines=tuple(_shown(line, year, last_year or {}) for line in told),
        not_told=tuple((line.measure.label, line.reason) for line in lines if line.value is None),
        months=tuple(months),
        compared=compared,
    )


def told_text(shown: Picture, most: int = 12) -> str:
    """The end of the first screen: the unusual ones with all that is known, then the count of the rest."""
    lines = [shown.title, f"  {shown.compared}"]
    for sentence in shown.months:
        lines.append(f"  ! {sentence}")
    ordered = sorted(shown.lines, key=lambda line: not line.flags)
    for line in ordered[:most]:
        beside = [
            f"{name} {text}"
            for name, text in (
                ("neighbours", line.neighbours), ("region", line.region), ("England", line.england),
            )
            if text
        ]  # fmt: skip
        groups = [", ".join(beside), f"before: {', '.join(line.before)}" if line.before else ""]
        told = f" ({'; '.join(group for group in groups if group)})" if any(groups) else ""
        mark = "!" if line.flags else " "
        lines.append(f"  {mark} {line.label}: {line.value} {line.unit}{told}")
        if line.flags:
            lines.append(f"      Unusual, check: {'; '.join(line.flags)}.")
    if len(ordered) > most:
        lines.append(f"  and {len(ordered) - most} more on the page.")
    return "\n".join(lines)


def told_html(shown: Picture) -> str:
    """The page as one self-contained file."""
    return environment().get_template("told.html.j2").render(picture=shown, notice=NOTICE)


def told_table(shown: Picture) -> pl.DataFrame:
    """The page as a table of text: one line a measure."""
    rows = [
        {
            "measure": line.label,
            "unit": line.unit,
            "value": line.value,
            "counted": line.counted,
            "before": "; ".join(line.before),
            "neighbours": line.neighbours,
            "region": line.region,
            "england": line.england,
            "usual_range": line.usual,
            "unusual": "; ".join(line.flags),
            "source": line.source,
        }
        for line in shown.lines
    ]
    return pl.DataFrame(rows)


def write_told(shown: Picture, folder: Path) -> list[Path]:
    """Write what-this-return-tells.html and .csv."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    page, table = (folder / f"what-this-return-tells.{ending}" for ending in ("html", "csv"))
    page.write_text(told_html(shown), encoding="utf-8")
    with table.open("wb") as file:
        told_table(shown).write_csv(file, include_bom=True)
    return [page, table]


def _shown(line: Line, year: int, last_year: Mapping[str, float]) -> Shown:
    measure = line.measure
    decimals = measure.decimals
    history = dict(line.history)
    if measure.id in last_year:
        history[year - 1] = last_year[measure.id]
    before = tuple(f"{_figure(history[y], decimals)} ({y})" for y in sorted(history)[-YEARS_SHOWN:])
    counted = (
        f"{line.numerator:,.0f}"
        if line.denominator is None or line.numerator is None
        else f"{line.numerator:,.0f} of {line.denominator:,.0f}"
    )
    return Shown(
        id=measure.id,
        label=measure.label,
        unit=UNITS[measure.unit],
        value=_figure(line.value, decimals),
        before=before,
        neighbours=_figure(line.neighbours, decimals),
        region=_figure(line.region, decimals),
        england=_figure(line.england, decimals),
        usual=f"{_figure(line.usual[0], decimals)} to {_figure(line.usual[1], decimals)}"
        if line.usual
        else "",
        flags=line.flags,
        counted=counted,
        source=measure.source,
    )


def _figure(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{round_half_away(value, decimals):,.{decimals}f}"
