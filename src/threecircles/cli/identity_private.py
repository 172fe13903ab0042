"""Commands for bodies that may not show each other their lists: filters, matches, and a bare count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write it.")]
Column = Annotated[str, typer.Option("--column", metavar="HEADING", help="The column of numbers.")]


def register(group: typer.Typer) -> None:
    """Add the groups `private` (filters and matches) and `overlap` (a count and nothing else)."""
    private = typer.Typer(
        no_args_is_help=True, help="Link without names: keyed Bloom filters, made at each source."
    )
    private.command("filter")(make_filters)
    private.command("match")(match_filters)
    group.add_typer(private, name="private")
    overlap = typer.Typer(
        no_args_is_help=True,
        help="How many children two bodies both know, without either showing its list.",
    )
    overlap.command("ask")(overlap_ask)
    overlap.command("answer")(overlap_answer)
    overlap.command("count")(overlap_count)
    group.add_typer(overlap, name="overlap")


def make_filters(
    file: File,
    out: Out,
    pair: Annotated[str, typer.Option(help="Name of the exchange of these two bodies.")],
    record_id: Annotated[str, typer.Option(metavar="HEADING", help="The row's own id.")],
    column: Annotated[
        list[str],
        typer.Option(metavar="FIELD=HEADING", help="first_name, surname, date_of_birth, postcode."),
    ],
    key_file: Annotated[
        Path | None, typer.Option(help="The shared key (else THREECIRCLES_KEY).")
    ] = None,
) -> None:
    """Turn rows into keyed filters. Send them to whoever matches, and destroy them afterwards."""
    from threecircles.identity.bloom import encoded
    from threecircles.identity.commands import headings, read_file
    from threecircles.identity.desk_files import master_key

    named = headings(column) or {}
    made = encoded(
        read_file(file, [record_id, *named.values()]), named, record_id, master_key(key_file), pair
    )
    made.write_parquet(out)
    print(f"{made.height:,} filters written to {out}. They hold no names, but can be attacked: destroy them after the match.")  # fmt: skip


def match_filters(
    one: Annotated[Path, typer.Argument(metavar="ONE", help="Filters of one body.")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="Filters of the other.")],
    out: Out,
    least: Annotated[
        float | None, typer.Option(help="Least likeness (Dice); default: the definition's.")
    ] = None,
) -> None:
    """Compare two bodies' filters, one to one; neither list is shown."""
    import polars as pl

    from threecircles.identity.bloom import matched

    found = matched(pl.read_parquet(one), pl.read_parquet(other), least)
    found.write_csv(out)
    print(f"{found.height:,} pairs written to {out}.")


def overlap_ask(
    file: File,
    column: Column,
    secret: Annotated[Path, typer.Option(help="Your secret: keep it, tell nobody.")],
    out: Out,
) -> None:
    """Write the question for the other body: your numbers, blinded."""
    from threecircles.identity import overlap
    from threecircles.identity.commands import read_file

    n = overlap.ask(read_file(file, [column])[column].to_list(), secret, out)
    print(f"{n:,} numbers asked for. Send {out}; keep {secret}.")


def overlap_answer(
    file: File,
    column: Column,
    question: Annotated[Path, typer.Option(help="The other body's question.")],
    out: Out,
) -> None:
    """Answer the other body's question without seeing its numbers."""
    from threecircles.identity import overlap
    from threecircles.identity.commands import read_file

    n = overlap.answer(read_file(file, [column])[column].to_list(), question, out)
    print(f"{n:,} of your numbers stand in the answer, blinded. Send {out} back.")


def overlap_count(
    answered: Annotated[Path, typer.Argument(metavar="ANSWER", help="What came back.")],
    secret: Annotated[Path, typer.Option(help="The secret of your question.")],
) -> None:
    """Say how many children both know; a small number is not told."""
    from threecircles.identity import overlap

    found = overlap.count(secret, answered)
    told = f"fewer than {overlap.SMALLEST}" if found is None else f"{found:,}"
    print(f"Children on both lists: {told}.")
