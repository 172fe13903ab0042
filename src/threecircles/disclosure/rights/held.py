"""Finds every row about one person: without it an answer to a child would be what somebody remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from threecircles.core import manifest
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.workspace import Workspace
from threecircles.sources.declared import Link, Source, source


@dataclass(frozen=True)
class Stored:
    """One table as the last run left it."""

    name: str
    path: Path
    side: str
    measured: bool


@dataclass(frozen=True)
class SourceRows:
    """Rows of one person in a table of a delivery. rows keep `_row`, `_at` and `_file`."""

    delivery: str
    source: str
    table: str
    rows: pl.DataFrame


NOT_FOUND = "There is nobody of that name or number whom you may see here."
"""One sentence for the unknown, the restricted and the adopted: it tells nothing of the child."""


def stored(workspace: Workspace) -> list[Stored]:
    """Every table of the last run of each step whose file is there."""
    found = []
    for entry in manifest.latest(workspace.manifest).values():
        folder = workspace.steps(entry.written_side) / entry.step / entry.key[:16]
        for name, output in sorted(entry.outputs.items()):
            path = folder / f"{name}.parquet"
            if path.exists():
                found.append(Stored(name, path, entry.written_side, output.measured))
    return found


def table(workspace: Workspace, name: str) -> pl.DataFrame | None:
    """One table by name; None when no step has written it."""
    for item in stored(workspace):
        if item.name == name:
            return workspace.read_table(item.path, item.side)
    return None


def find_person(workspace: Workspace, named: str) -> str:
    """The person_id of somebody named by id or by `scheme:value` (upn:A123...).

    Needs the identity key. Raises NotPermitted, in the same words whoever it is.
    """
    pointers = table(workspace, "identity.person_record")
    if pointers is None:
        raise UsageError("Nobody has been linked here yet.", mend="Run `threecircles run` first.")
    scheme, _, value = named.partition(":")
    if not value:
        if named in set(pointers["person_id"]):
            return named
        raise NotPermitted(NOT_FOUND)
    numbers = table(workspace, "identity.identifier")
    wanted = value.replace(" ", "").upper()
    held = (
        numbers.filter(
            (pl.col("scheme") == scheme.lower())
            & (pl.col("value").str.replace_all(" ", "").str.to_uppercase() == wanted)
        )
        if numbers is not None
        else pl.DataFrame(schema={"source_record_id": pl.String})
    )
    who = pointers.join(held.select("source_record_id").unique(), on="source_record_id", how="semi")
    persons = sorted(set(who["person_id"]))
    if len(persons) != 1:
        raise NotPermitted(NOT_FOUND)
    return str(persons[0])


def is_restricted(workspace: Workspace, person: str) -> bool:
    """True when the person is kept for named officers."""
    persons = table(workspace, "identity.person")
    if persons is None or "restricted" not in persons.columns:
        return False
    own = persons.filter((pl.col("person_id") == person) & pl.col("restricted"))
    return own.height > 0


def keys_of(workspace: Workspace, person: str) -> dict[str, set[tuple[str, str]]]:
    """delivery -> the person's (source, source_key) in it."""
    pointers = table(workspace, "identity.person_record")
    found: dict[str, set[tuple[str, str]]] = {}
    if pointers is None:
        return found
    own = pointers.filter(pl.col("person_id") == person)
    for delivery, source_id, key in own.select("delivery", "source_id", "source_key").iter_rows():
        found.setdefault(delivery, set()).add((source_id, key))
    return found


def source_rows(workspace: Workspace, person: str) -> Iterator[SourceRows]:
    """The person's rows as they were received, delivery by delivery. Needs the identity key.

    A row is theirs when it bears their id in that source, or when a row of the record about them was
    made from it (a survey's answers bear a code only).
    """
    keyed, made_from = keys_of(workspace, person), _made_from(workspace, person)
    sources = {d: sorted(s for s, _ in held)[0] for d, held in keyed.items()}
    sources |= {d: s for d, s, _ in made_from}
    tables = {t.name: t for t in stored(workspace) if t.name.startswith("sources.")}
    for delivery, source_id in sorted(sources.items()):
        declared, keys = source(source_id), {k for _, k in keyed.get(delivery, set())}
        for name, item in sorted(tables.items()):
            _, owner, short = name.split(".", 2)
            if owner != delivery or short.startswith("_"):
                continue
            frame = workspace.read_table(item.path, item.side)
            numbers = made_from.get((delivery, source_id, short), set())
            own = set(rows_of(frame, declared, keys)["_row"]) if keys else set()
            rows = frame.filter(pl.col("_row").is_in(sorted(own | numbers)))
            if rows.height:
                yield SourceRows(delivery, source_id, short, rows)


def rows_of(frame: pl.DataFrame, declared: Source, keys: set[str]) -> pl.DataFrame:
    """Rows of a received table whose own id is one of the keys; none where it bears no such id."""
    for link in declared.link:
        if all(c in frame.columns for c in link.record_id):
            return frame.filter(_key(link).is_in(sorted(keys)))
    return frame.clear()


def payload_rows(workspace: Workspace, person: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Tables without names that hold rows about the person, with those rows."""
    for item in stored(workspace):
        if item.side == "identity" or item.measured:
            continue
        columns = pl.read_parquet_schema(item.path)
        own = [c for c in ("person_id", "other_person_id") if c in columns]
        if own:
            about = pl.any_horizontal(pl.col(c) == person for c in own)
            rows = pl.scan_parquet(item.path).filter(about).collect()
            if rows.height:
                yield item.name, rows


def _made_from(workspace: Workspace, person: str) -> dict[tuple[str, str, str], set[int]]:
    """(delivery, source, table) -> numbers of the received rows that the record's rows came from."""
    found: dict[tuple[str, str, str], set[int]] = {}
    for _, rows in payload_rows(workspace, person):
        if not {"extract_id", "source_id", "source_table", "source_row"} <= set(rows.columns):
            continue
        told = rows.select("extract_id", "source_id", "source_table", "source_row").drop_nulls()
        for extract, source_id, name, number in told.unique().iter_rows():
            found.setdefault((extract, source_id, name), set()).add(int(number))
    return found


def _key(link: Link) -> pl.Expr:
    return pl.concat_str([pl.col(c).cast(pl.String) for c in link.record_id], separator="|")
