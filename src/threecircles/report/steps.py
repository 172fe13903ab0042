"""The last step of a run: without it Safe tables would wait for a reader who never comes."""

from __future__ import annotations

from pathlib import Path

from threecircles.core.steps import Step
from threecircles.definitions.place import Place
from threecircles.disclosure.release import read_safe
from threecircles.report.context import Context

BOUNDARIES = {"ward": "wards", "lsoa21": "boundaries"}
"""Dimension column -> name of the boundary file in place.yaml."""


def steps(place: Place) -> list[Step]:
    """One step: the Safe tables to pages, document, workbook and open data."""
    return [
        Step(
            name="report.pack",
            function=write_pack,
            reads=("disclosure.safe",),
            writes=("report.pack",),
            definitions=("report",),
        )
    ]


def write_pack(safe: Path | None, place: Place, out: Path) -> None:
    """Writes the whole evidence pack into `out`. safe: the folder of Safe tables, or None.

    A pack without any table is written too: its pages say what is missing.
    """
    # Charts and documents take seconds to import, which a run with nothing to do should not pay.
    from threecircles.report.pack import make_pack
    from threecircles.report.pdf import write_pdf
    from threecircles.report.site import write_site
    from threecircles.report.workbook import write_workbook

    tables = read_safe(safe) if safe is not None else []
    pack = make_pack(tables, context_of(place))
    write_site(pack, out)
    write_workbook(pack, out / "pack.xlsx")
    write_pdf(pack, out / "pack.pdf")


def context_of(place: Place) -> Context:
    """What the pack is about. It is dated by the last delivery, so that equal data give equal bytes."""
    boundaries = {c: place.reference[k] for c, k in BOUNDARIES.items() if k in place.reference}
    return Context(
        place=place.label,
        la_code=place.la_code,
        period=f"Year ending 31 March {place.year}",
        made_on=max(d.received_on for d in place.deliveries),
        fictitious=place.fictitious,
        boundaries=boundaries,
        contact=place.settings.get("contact", ""),
    )
