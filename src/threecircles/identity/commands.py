"""Small tools at the desk: check a file's numbers, clean it, explain a pair, make tokens."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean
from threecircles.identity import blocks
from threecircles.identity.identifiers import judge_column
from threecircles.identity.ladder import prepared
from threecircles.identity.linkage import with_ids
from threecircles.identity.model import model_for
from threecircles.identity.names import birth_order, first_readings, surname_readings
from threecircles.identity.pseudonyms import project_key, token
from threecircles.identity.records import Notes, link_records, schemes
from threecircles.identity.request import (
    LinkRequest,
    LinkSource,
    read_request,
    read_source,
    read_text,
)

_GUESSES = {
    "nhs": ("nhs", "nhsnumber", "nhsno"),
    "upn": ("upn", "uniquepupilnumber"),
    "uln": ("uln", "uniquelearnernumber"),
}


def check(
    path: Path, columns: dict[str, str] | None = None, *, fictitious: bool = False
) -> pl.DataFrame:
    """Bad identifiers of a file by reason: column, scheme, status, reason, records, first_row.

    columns: scheme -> column; guessed from the headings when not given. Values are never shown, only
    the first row where each reason occurs (1 = first row under the heading).
    """
    table = _read(path)
    asked = columns or _guessed(table)
    if not asked:
        raise UsageError(
            "No column of the file is known as an identifier.", where=path.name,
            mend="Name it: --column nhs=HEADING.",
        )  # fmt: skip
    found = []
    for scheme, column in asked.items():
        _must_have(table, column, path)
        judged = judge_column(scheme, table[column], fictitious=fictitious).with_row_index("row", 1)
        found.append(
            judged.group_by("status", "reason")
            .agg(pl.len().alias("records"), pl.col("row").min().alias("first_row"))
            .with_columns(pl.lit(column).alias("column"), pl.lit(scheme).alias("scheme"))
        )
    order = ["column", "scheme", "status", "reason", "records", "first_row"]
    return pl.concat(found).select(order).sort("column", "status", "reason")


def clean(path: Path, source: LinkSource, out: Path, *, fictitious: bool | None = None) -> Notes:
    """Write the file's records as the ladder compares them (Parquet); returns what was refused."""
    notes = Notes()
    table = _read(path).cast(pl.String)
    request = LinkRequest(sources=(source,), fictitious=fictitious)
    link_records(request, {source.name: table}, notes).drop("rid", "src").write_parquet(out)
    return notes


def tokenise(
    path: Path,
    out: Path,
    *,
    project: str,
    master: bytes,
    workspace: str,
    identifiers: dict[str, str],
    keep: tuple[str, ...] = (),
) -> int:
    """Write a file of tokens in place of people, to be sent to a data trust; returns the rows written.

    identifiers: scheme -> column; each becomes a column token_<scheme>, made with the project's key,
    so that bodies holding the same key make the same tokens and others can make none. Invalid and
    placeholder numbers get no token. keep: payload columns; a column that is an identifier, a name or
    a birth date is refused.
    """
    table = _read(path)
    key = project_key(master, workspace, project)
    for column in (*identifiers.values(), *keep):
        _must_have(table, column, path)
    shown = sorted(set(keep) & set(identifiers.values()))
    shown += [c for c in keep if _looks_personal(c)]
    if shown:
        raise UsageError(
            "These columns would tell who somebody is.", where=path.name, found=", ".join(shown),
            mend="Leave them out of --keep; the token stands for the person.",
        )  # fmt: skip
    made = {}
    for scheme, column in identifiers.items():
        judged = judge_column(scheme, table[column])
        made[f"token_{scheme}"] = pl.Series(
            [
                token(key, scheme, v) if s in ("valid", "former") else None
                for v, s in judged.select("value", "status").iter_rows()
            ],
            dtype=pl.String,
        )
    pl.DataFrame({**made, **{c: table[c] for c in keep}}).write_csv(out)
    return len(table)


def explain(edges: pl.DataFrame, one: tuple[str, str], other: tuple[str, str]) -> str:
    """Why two records were joined or not, bit by bit, without their values.

    edges: link_edge. one, other: (source, record id). Raises UsageError when they were never compared.
    """
    ends = [(pl.col("source_l") == a[0]) & (pl.col("record_l") == a[1]) & (pl.col("source_r") == b[0]) & (pl.col("record_r") == b[1])
            for a, b in ((one, other), (other, one))]  # fmt: skip
    found = edges.filter(ends[0] | ends[1])
    if found.is_empty():
        raise UsageError("These two records were not compared: they share none of the blocks.")
    edge = found.row(0, named=True)
    fields = {
        c.removeprefix("bits_"): edge[c]
        for c in found.columns
        if c.startswith("bits_") and edge[c] is not None
    }
    start = edge["w"] - sum(fields.values())
    lines = [f"{'before any field is compared':34} {start:+7.1f} bits"]
    lines += [f"{name.replace('_', ' '):34} {bits:+7.1f}" for name, bits in fields.items() if bits]
    lines.append(f"{'together':34} {edge['w']:+7.1f}")
    if edge["cap"] is not None and edge["cap"] < edge["w"]:
        rival = "sibling" if edge["rule"] == "sibling-cap" else "co-twin"
        lines.append(f"{'no more than against a ' + rival:34} {edge['cap']:+7.1f}")
    lines.append(f"probability {edge['p']:.3f}; rule {edge['rule']}; band {edge['band']}")
    return "\n".join(lines)


USABLE = ("valid", "former", "temporary", "absent_coded", "missing")
"""Statuses that need no mending in the source."""


def headings(given: list[str] | None) -> dict[str, str] | None:
    """SCHEME=HEADING options as scheme -> heading; None when none were given. Raises UsageError."""
    if not given:
        return None
    parts = [g.partition("=") for g in given]
    for whole, (scheme, _, heading) in zip(given, parts, strict=True):
        if not scheme or not heading:
            raise UsageError("A column is named as SCHEME=HEADING.", found=whole, allowed="for example nhs=NHS_Number")  # fmt: skip
    return {scheme: heading for scheme, _, heading in parts}


def as_text(found: pl.DataFrame) -> str:
    """The result of `check` as a table for a terminal."""
    lines = [f"{'column':20} {'scheme':10} {'status':14} {'records':>9}  {'first row':>9}  reason"]
    lines += [
        f"{c:20} {s:10} {status:14} {n:9,}  {row:9,}  {reason}"
        for c, s, status, reason, n, row in found.iter_rows()
    ]
    return "\n".join(lines)


def clean_sources(sources_yaml: Path, out: Path) -> Notes:
    """Write `<source>.parquet` for each source of a SOURCES.yaml, as the ladder compares it."""
    request = read_request(sources_yaml)
    notes = Notes()
    tables = {
        s.name: with_ids(s, read_source(s, sources_yaml.parent), notes) for s in request.sources
    }
    records = link_records(request, tables, notes)
    out.mkdir(parents=True, exist_ok=True)
    for source in request.sources:
        own = records.filter(pl.col("source") == source.name)
        own.drop("rid", "src").write_parquet(out / f"{source.name}.parquet")
    return notes


def planned(sources_yaml: Path) -> str:
    """What a linkage of these sources would compare: records, fields held, blocks and their pairs."""
    request = read_request(sources_yaml)
    notes = Notes()
    tables = {
        s.name: with_ids(s, read_source(s, sources_yaml.parent), notes) for s in request.sources
    }
    records, _ = prepared(link_records(request, tables, notes), {s.name: None if s.duplicate_free is None else not s.duplicate_free for s in request.sources})  # fmt: skip
    model = blocks.widened(model_for(records, schemes(records)), records)
    lines = [
        f"{name}: {n:,} records{', may hold a person twice' if dup else ''}"
        for name, dup, n in records.group_by("source", "dup", maintain_order=True).len().iter_rows()
    ]
    lines.append(f"compared: {', '.join(c.name for c in model.comparisons) or 'nothing'}")
    lines.append("pairs that agree on:")
    lines += [
        f"  {' + '.join(b) or 'nothing: every pair is compared':40} {blocks.allowed_pairs(records, b):12,.0f}"
        for b in model.blocking
    ]
    return "\n".join([*lines, *notes.problems])


def explain_files(folder: Path, one: str, other: str) -> str:
    """`explain` from what link wrote. one, other: SOURCE|RECORD."""
    path = folder / "link_edge.parquet"
    if not path.exists():
        raise UsageError("There is no link_edge.parquet here.", where=str(folder), mend="Name the folder that link wrote.")  # fmt: skip
    ends = []
    for name in (one, other):
        source, bar, record = name.partition("|")
        if not bar:
            raise UsageError("A record is named as SOURCE|RECORD.", mend="Quote it: 'school|S0000001'.")  # fmt: skip
        ends.append((source, record))
    return explain(pl.read_parquet(path), ends[0], ends[1])


def readings(first: str | None, surname: str | None) -> dict[str, object]:
    """What the ladder reads in a name: for trying out at the desk."""
    return {
        "first": first_readings(first),
        "surname": surname_readings(surname),
        "birth_order": birth_order(first),
    }


def read_file(path: Path, columns: list[str]) -> pl.DataFrame:
    """A CSV or Parquet file as text. Raises ThreeCirclesError for a missing file or column."""
    table = _read(path).cast(pl.String, strict=False)
    for column in columns:
        _must_have(table, column, path)
    return table


def _read(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise ThreeCirclesError("There is no such file.", where=path.name)
    return pl.read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else read_text(path)


def _guessed(table: pl.DataFrame) -> dict[str, str]:
    plain = {"".join(ch for ch in c.casefold() if ch.isalnum()): c for c in table.columns}
    return {scheme: plain[n] for scheme, names in _GUESSES.items() for n in names if n in plain}


def _looks_personal(column: str) -> bool:
    plain = "".join(ch for ch in column.casefold() if ch.isalnum())
    return any(
        w in plain
        for w in ("name", "birth", "dob", "postcode", "address", "uprn", "nhs", "upn", "uln")
    )


def _must_have(table: pl.DataFrame, column: str, path: Path) -> None:
    if column not in table.columns:
        raise ThreeCirclesError(
            f"There is no column {column}.", where=path.name, allowed=", ".join(table.columns),
            mend=did_you_mean(column, table.columns),
        )  # fmt: skip
