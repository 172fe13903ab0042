"""The one door for files: whatever their dress, they leave as typed tables with every problem told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from threecircles.core.dates import year_end
from threecircles.core.errors import UsageError, did_you_mean
from threecircles.definitions import HOME
from threecircles.sources.assemble import assemble
from threecircles.sources.declared import Source, all_sources, source
from threecircles.sources.derive import derive
from threecircles.sources.from_text import read_text
from threecircles.sources.from_workbook import read_workbook
from threecircles.sources.from_xml import looks_like_xml, read_xml_file
from threecircles.sources.laid import Found
from threecircles.sources.reading import Options, Reading, make_reading
from threecircles.sources.received import Received, receive
from threecircles.sources.years import check_years, guess_year

_SPSS = (b"$FL2", b"$FL3")


def read(
    paths: Iterable[str | Path] | str | Path,
    *,
    return_name: str = "auto",
    year: int | None = None,
    previous: Iterable[str | Path] | str | Path | None = None,
    options: Options | None = None,
    sources: Sequence[Source] | None = None,
) -> Reading:
    """Read files, folders and zips of one set into tables.

    return_name: "auto", a statutory return ("cin", "903") or a source id; narrows what may be
    recognised. year: the collection year (ending 31 March); decides which columns are in force.
    previous: last year's files, read in the same way into `<name>_last`. sources: declarations to
    recognise, instead of the shipped ones.
    Never raises for what a file holds: see Reading.problems, rejects and notes. Raises UsageError when
    return_name is unknown.
    """
    options = options or Options()
    wanted = _wanted(return_name, sources)
    found = Found()
    _read_all(_listed(paths), wanted, year, options, found)
    tables, extra = assemble(found, options)
    found_year = year or guess_year(tables, wanted)
    if previous is not None:
        tables, extra = _add_previous(
            tables, extra, _listed(previous), wanted, found_year, options, found
        )
    check_years(tables, year, found, force=options.force_years)
    derive(tables, found)
    kinds = {laid.source.id for laid in found.laid}
    return make_reading(
        tables, found.files, found.rejects, found.notes, extra, found.problems,
        source=next(iter(kinds)) if len(kinds) == 1 else "", year=found_year,
    )  # fmt: skip


def _wanted(return_name: str, sources: Sequence[Source] | None) -> list[Source]:
    if sources is None and (HOME / "sources" / f"{return_name}.yaml").exists():
        return [source(return_name)]
    known = list(sources if sources is not None else all_sources())
    if return_name == "auto":
        return known
    chosen = [s for s in known if return_name in (s.id, s.return_name)]
    if not chosen:
        names = sorted({s.id for s in known} | {s.return_name for s in known if s.return_name})
        raise UsageError(
            "There is no such return or source.", found=return_name, allowed=", ".join(names),
            mend=did_you_mean(return_name, names),
        )  # fmt: skip
    return chosen


def _listed(paths: Iterable[str | Path] | str | Path) -> list[str | Path]:
    return [paths] if isinstance(paths, (str, Path)) else list(paths)


def _read_all(
    paths: list[str | Path], wanted: list[Source], year: int | None, options: Options, found: Found
) -> None:
    day = year_end(year) if year else None
    for received in receive(paths, options.limits, options.leave_out, found.problems):
        _read_one(received, wanted, day, options, found)


def _read_one(
    received: Received, wanted: list[Source], day: date | None, options: Options, found: Found
) -> None:
    if received.is_workbook:
        read_workbook(received, wanted, options.limits, found)
    elif received.head.startswith(_SPSS):
        from threecircles.sources.from_spss import read_spss

        read_spss(received, wanted, options.limits, found)
    elif looks_like_xml(received.head):
        read_xml_file(received, wanted, options.limits, day, found)
    else:
        read_text(received, wanted, options.limits, found)


def _add_previous(
    tables: dict[str, pl.DataFrame], extra: list[pl.DataFrame], previous: list[str | Path], wanted: list[Source],
    year: int | None, options: Options, found: Found,
) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:  # fmt: skip
    """Last year's files, read apart so that they never join this year's tables, under `<name>_last`."""
    last = Found(
        files=found.files, rejects=found.rejects, notes=found.notes, problems=found.problems
    )
    before = len(found.files)
    _read_all(previous, wanted, year - 1 if year else None, options, last)
    for record in found.files[before:]:
        record.previous_year = True
    tables_last, extra_last = assemble(last, options)
    named = [e.with_columns((pl.col("table") + "_last").alias("table")) for e in extra_last]
    return tables | {f"{k}_last": v for k, v in tables_last.items()}, [*extra, *named]
