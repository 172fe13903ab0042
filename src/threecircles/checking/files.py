"""Reads files and runs the rules of each return found in them: without it reading and checking would not meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.quality import Report
from threecircles.quality import check as run_rules
from threecircles.quality.checking import check_tables
from threecircles.quality.derive import authority_code
from threecircles.quality.layout import CROSS_SCHEMAS, CROSS_SOURCES
from threecircles.quality.rulebook import LAST_YEAR, rules_in_force
from threecircles.quality.side_by_side import beginning
from threecircles.sources import Options, Reading, read
from threecircles.sources.reference_files import read_references
from threecircles.sources.xsd import schema_findings

RETURNS = {
    "cin-census": "cin",
    "ssda903": "903",
    "attendance-at-provision": "attendance",
    "area-activity": "area_activity",
}
"""Source id -> return whose rules hold for it."""

CROSS = "cross"
CLASH = "two-files-one-table"
"""Code of the problem that two files hold one table."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """How to check. return_name: cin, 903, cross or auto. year: ends 31 March; when absent, the year the
    files speak of. previous: last year's files. reference: a folder of directories, lists and published
    figures. authority: GSS code or DfE number. local: a folder of local rules. codes: only these rules.
    xsd: a schema of the CIN census. options: files to leave out, tables to join. progress: told stage, done, of.
    """

    return_name: str = "auto"
    year: int | None = None
    previous: Path | None = None
    reference: Path | None = None
    authority: str = ""
    mode: str = "stated"
    local: Path | None = None
    codes: Sequence[str] | None = None
    xsd: Path | None = None
    options: Options = field(default_factory=Options)
    progress: Progress | None = None


@dataclass(frozen=True)
class Checked:
    """What was read, and one report for each return found in it. schema: what an XSD says, in sentences."""

    reading: Reading
    reports: tuple[Report, ...]
    schema: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """True when a rule could not run."""
        return any(r.count("failed") for r in self.reports)

    @property
    def unread(self) -> bool:
        """True when a file was refused or a row rejected."""
        return bool(self.reading.refused) or self.reading.rejects.height > 0

    @property
    def errors(self) -> bool:
        """True when a rule of severity error found something."""
        return any(r.lean_places["severity"].eq("error").any() for r in self.reports)


def check_files(files: Sequence[Path], asked: Asked | None = None) -> Checked:
    """Read files, folders or zips and run the rules of each return found in them.

    Two or more sources found together are checked against each other too (return cross).
    Raises UsageError when a path is not there; what a file holds never raises.
    """
    asked = asked or Asked()
    absent = [
        str(f)
        for f in (*files, asked.previous, asked.reference)
        if f is not None and not f.exists()
    ]
    if absent:
        raise UsageError("There is no such file or folder.", where=", ".join(absent))
    _tell(asked, "reading", 0, len(files))
    name = "auto" if asked.return_name == CROSS else asked.return_name
    with beginning() as begin:
        if name in RETURNS:  # The other core can parse the rules meanwhile.
            begin(lambda: rules_in_force(RETURNS[name], asked.year or LAST_YEAR))
        reading = read(
            files, return_name=name, year=asked.year, previous=asked.previous, options=asked.options
        )
    _tell(asked, "reading", reading.files.height, reading.files.height)
    kinds = reading.files["kind"].unique().to_list()
    known = dict.fromkeys((*RETURNS, *CROSS_SOURCES.values()))
    found = [k for k in known if any(str(kind).startswith(k) for kind in kinds)]
    readings = {k: reading if len(found) == 1 else _read_one(files, k, asked) for k in found}
    if len(found) > 1:
        reading = _together(reading, readings)
    reference = read_references(asked.reference) if asked.reference else {}
    authority = asked.authority or _authority_told(readings)
    metadata = {"local_authority": authority} if authority else {}
    reports = [
        run_rules(
            readings[k], return_name=RETURNS[k], year=_year(readings[k], asked.year),
            mode=asked.mode, local=asked.local, codes=_own(asked.codes, cross=False),
            metadata=metadata, reference=reference, progress=asked.progress,
        )
        for k in found
        if k in RETURNS and asked.return_name != CROSS
    ]  # fmt: skip
    if len(found) > 1 and asked.return_name in ("auto", CROSS) and _wants_cross(asked):
        reports.append(_across(readings, reports, asked, metadata, reference))
    told = _schema(files, asked) if asked.xsd else ()
    return Checked(reading, tuple(reports), told)


def _together(whole: Reading, readings: Mapping[str, Reading]) -> Reading:
    """What was read of several sources, told as one: tables of like name in two sources do not clash.

    The whole reading knows which files nobody recognised; each source's own knows its rows.
    """
    told, place = whole.files, ["path", "member", "sheet", "sha256", "previous_year"]
    for kind, own in readings.items():
        mine = own.files.filter(pl.col("kind").str.starts_with(kind)).unique(place)
        told = told.update(mine.select(*place, "rows_kept", "rows_rejected"), on=place, how="left")
    clashes = [
        own.problems.filter(pl.col("code") == CLASH)
        for own in readings.values()
    ]  # fmt: skip
    others = whole.problems.filter(pl.col("code") != CLASH)
    return replace(whole, files=told, problems=pl.concat([others, *clashes]))


def _read_one(files: Sequence[Path], kind: str, asked: Asked) -> Reading:
    return read(
        files, return_name=kind, year=asked.year, previous=asked.previous, options=asked.options
    )


def _across(
    readings: Mapping[str, Reading],
    reports: Sequence[Report],
    asked: Asked,
    metadata: Mapping[str, Any],
    reference: Mapping[str, pl.DataFrame],
) -> Report:
    """The checks of one return against another, on the columns that the returns' own checks derived."""
    derived = {r.return_name: r.tables for r in reports}
    schemas = {RETURNS_BACK[r]: s for s, r in CROSS_SCHEMAS.items()} | {
        source: s for s, source in CROSS_SOURCES.items()
    }
    together: dict[str, pl.DataFrame] = {}
    for kind, reading in readings.items():
        tables = derived.get(RETURNS.get(kind, ""), reading.tables)
        together |= {f"{schemas[kind]}.{name}": frame for name, frame in tables.items()}
    year = max(_year(r, asked.year) for k, r in readings.items() if k in RETURNS or r.year)
    return check_tables(
        CROSS, year, together, metadata, reference, asked.mode, _own(asked.codes, cross=True),
        progress=asked.progress,
    )  # fmt: skip


RETURNS_BACK = {name: source for source, name in RETURNS.items()}
"""Return -> source id."""


def _authority_told(readings: Mapping[str, Reading]) -> str:
    """The authority that the CIN census names in its header; the looked-after return names none.

    A number without a known code says nothing: with it every placement would lie elsewhere.
    """
    census = readings.get("cin-census")
    code = authority_code("", census.tables) if census else None
    return code if code and not code.isdigit() else ""


def _own(codes: Sequence[str] | None, *, cross: bool) -> list[str] | None:
    """The chosen codes that belong to the checks across returns, or those that do not."""
    return None if codes is None else [c for c in codes if c.startswith("X") == cross]


def _wants_cross(asked: Asked) -> bool:
    return asked.codes is None or any(c.startswith("X") for c in asked.codes)


def _year(reading: Reading, asked: int | None) -> int:
    year = asked or reading.year
    if year is None:
        raise UsageError(
            "The files do not say which year they are of.", mend="Name it: --year 2026"
        )
    return year


def _schema(files: Sequence[Path], asked: Asked) -> tuple[str, ...]:
    """What the schema says of each XML file; it never stops the rules."""
    assert asked.xsd is not None
    paths = [p for f in files for p in (sorted(f.rglob("*.xml")) if f.is_dir() else [f])]
    told: list[str] = []
    for path in paths:
        if path.suffix.lower() == ".xml":
            told += [
                f"{path.name}, line {f.line}: {f.sentence}"
                for f in schema_findings(path, asked.xsd)
            ]
    return tuple(told)


def _tell(asked: Asked, stage: str, done: int, of: int) -> None:
    if asked.progress:
        asked.progress(stage, done, of)
