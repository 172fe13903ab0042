"""Commands of the room identity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group identity."""
    group = typer.Typer(no_args_is_help=True, help="One child, many records: link, explain, judge.")
    group.command()(link)
    group.command()(benchmark)
    app.add_typer(group, name="identity")


def link(
    sources: Annotated[
        Path, typer.Argument(metavar="SOURCES.yaml", help="Names each source's file and columns.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    threshold: Annotated[
        str, typer.Option(help="careful (.95), balanced (.8) or generous (.3).")
    ] = "generous",
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
) -> None:
    """Link records of several files into persons; needs no workspace."""
    from threecircles.identity import link as run

    linked = run(sources, out, threshold, engine)
    persons = linked.person_record["person_id"].n_unique()
    print(f"{linked.person_record.height:,} records are {persons:,} persons. Written to {out}:")
    print("  person_record.parquet, link_edge.parquet, quality.json")


def benchmark(
    children: Annotated[int, typer.Option(help="How many children to make up.")] = 50_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal children.")] = 1,
) -> None:
    """Judge our linkage and plain Splink on made-up children whose truth is known."""
    from threecircles.identity.benchmark import as_text
    from threecircles.identity.benchmark import benchmark as judge
    from threecircles.synthetic.linkage.generate import generate

    made = generate(children, seed)
    print(as_text(judge(made.sources, made.truth)))
