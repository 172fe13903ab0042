"""Work around a linkage by files and workspaces: without it the tools of the room would need a programmer."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import polars as pl

from threecircles.core.errors import UsageError
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.identity import review
from threecircles.identity.commands import headings, tokenise
from threecircles.identity.linkage import with_ids
from threecircles.identity.place import store
from threecircles.identity.place.households import households, living_together, relations
from threecircles.identity.records import Notes, link_records
from threecircles.identity.request import read_request, read_source

HOLDS = timedelta(days=5 * 365)
"""How long a reviewer's answer stands before it is asked again."""
KEY_VARIABLE = "THREECIRCLES_KEY"


def export_review(
    sources_yaml: Path, links: Path, out: Path, size: int, sample: bool = False
) -> int:
    """Write pairs of a linkage to be reviewed; returns how many. sample: drawn by strata, not by doubt."""
    records, edges = _with_edges(sources_yaml, links)
    chosen = review.sampled(edges, size) if sample else review.queue(edges, size)
    return review.export(records, chosen, out)


def import_review(file: Path, workspace: Path) -> str:
    """Answers of a reviewed file into the workspace's store; returns a sentence and Cohen's kappa."""
    answers = review.read_answers(file)
    opened = open_workspace(workspace, "identity")
    expires = (datetime.now(UTC) + HOLDS).date().isoformat()
    decisions = [
        store.Decision(
            record_l=a.record_l, record_r=a.record_r, answer=cast(store.Answer, a.answer), reason=a.reason, by=a.by, at=a.at, expires=expires,
        )
        for a in answers
    ]  # fmt: skip
    store.save(opened, store.decided(store.load(opened), decisions))
    told = f"{len(answers):,} answers taken; they hold from the next linkage."
    agreement = review.agreement(answers)
    return told if agreement is None else f"{told} {agreement}"


def undo_event(event: int, workspace: Path) -> str:
    """Take an event back in a workspace; the next linkage keeps to it."""
    opened = open_workspace(workspace, "identity")
    kept = store.load(opened)
    store.save(opened, store.undone(kept, event, by=_who()))
    return f"Event {event} is taken back. Run the place again to derive everything above from it."


def seal_records(workspace: Path, before: list[str], after: list[str], since: str) -> str:
    """Keep two sets of records apart for good. Raises UsageError for a day that is none."""
    try:
        day = date.fromisoformat(since)
    except ValueError as wrong:
        raise UsageError("This is no day.", found=since, allowed="yyyy-mm-dd") from wrong
    opened = open_workspace(workspace, "identity")
    kept = store.sealed(store.load(opened), before, after, since=day, by=_who())
    store.save(opened, kept)
    return "Sealed. The two identities are kept apart from the next linkage on, and are in no list."


def tokenise_file(
    file: Path,
    out: Path,
    project: str,
    key_file: Path | None,
    salt: str,
    columns: list[str],
    keep: list[str],
) -> int:
    """`tokenise` with the master key of a file or of THREECIRCLES_KEY (hexadecimal). Returns rows."""
    master = master_key(key_file)
    named = headings(columns)
    if not named:
        raise UsageError(
            "No column is named as an identifier.", mend="For example --column nhs=NHS_Number."
        )
    return tokenise(
        file,
        out,
        project=project,
        master=master,
        workspace=salt,
        identifiers=named,
        keep=tuple(keep),
    )


def master_key(key_file: Path | None) -> bytes:
    """The master key of a file or of THREECIRCLES_KEY, in hexadecimal. Raises UsageError."""
    if key_file and not key_file.exists():
        raise UsageError("There is no such key file.", where=str(key_file))
    given = key_file.read_text().strip() if key_file else os.environ.get(KEY_VARIABLE, "")
    try:
        master = bytes.fromhex(given)
    except ValueError:
        master = b""
    if len(master) < 16:
        raise UsageError(
            "Tokens need a master key of at least 16 bytes, in hexadecimal.",
            mend=f"Give --key-file, or set {KEY_VARIABLE}. Whoever shares the key makes the same tokens.",
        )
    return master


def households_of(sources_yaml: Path, links: Path, out: Path) -> str:
    """household.parquet and relation.parquet from linked records; everything is inferred and says so."""
    records, _ = _with_edges(sources_yaml, links)
    persons = pl.read_parquet(links / "person_record.parquet").select(
        "source", "record_id", "person_id"
    )
    told = records.join(persons, on=["source", "record_id"], maintain_order="left")
    today = date.today()
    stays = told.filter(pl.col("postcode").is_not_null() | pl.col("uprn").is_not_null()).select(
        "person_id", "postcode", "uprn", pl.lit("home").alias("kind"), pl.lit(today).alias("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_to"), pl.lit(None, dtype=pl.String).alias("lsoa21"),
    )  # fmt: skip
    surnames = told.filter(pl.col("surname").is_not_null()).unique(
        "person_id", keep="first", maintain_order=True
    )
    together = living_together(stays, surnames.select("person_id", "surname"), today)
    homes = {h: f"H{n:07d}" for n, h in enumerate(together["home"].unique(maintain_order=True), 1)}
    births = told.filter(pl.col("dob").is_not_null()).unique(
        "person_id", keep="first", maintain_order=True
    )
    related = relations(
        together, births.select("person_id", pl.col("dob").str.to_date().alias("birth"))
    )
    out.mkdir(parents=True, exist_ok=True)
    found = households(together, homes)
    found.write_parquet(out / "household.parquet")
    related.write_parquet(out / "relation.parquet")
    return (
        f"{len(found):,} households and {len(related):,} relations, all inferred. Written to {out}."
    )


def _with_edges(sources_yaml: Path, links: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """link_record of the sources, and link_edge with rid_l and rid_r."""
    if not (links / "link_edge.parquet").exists():
        raise UsageError(
            "There is no link_edge.parquet here.",
            where=str(links),
            mend="Name the folder that link wrote.",
        )
    request, notes = read_request(sources_yaml), Notes()
    tables = {
        s.name: with_ids(s, read_source(s, sources_yaml.parent), notes) for s in request.sources
    }
    records = link_records(request, tables, notes)
    at = records.select("rid", "source", "record_id")
    edges = pl.read_parquet(links / "link_edge.parquet")
    edges = edges.join(
        at.rename({"rid": "rid_l"}),
        left_on=["source_l", "record_l"],
        right_on=["source", "record_id"],
    )
    edges = edges.join(
        at.rename({"rid": "rid_r"}),
        left_on=["source_r", "record_r"],
        right_on=["source", "record_id"],
    )
    return records, edges.sort("rid_l", "rid_r")


def _who() -> str:
    import getpass

    return getpass.getuser()


def opened_store(workspace: Path) -> tuple[Workspace, store.Store]:
    """A workspace opened on its identity side, with its store."""
    opened = open_workspace(workspace, "identity")
    return opened, store.load(opened)
