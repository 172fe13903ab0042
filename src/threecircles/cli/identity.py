"""Commands of the room identity: link files, look at what came of it, settle what is doubtful."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli import identity_private
from threecircles.cli.identity_signpost import cases, consents, relations, signpost
from threecircles.core.errors import FINDINGS, UNREADABLE

Sources = Annotated[
    Path, typer.Argument(metavar="SOURCES.yaml", help="Names each source's file and columns.")
]
Links = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that link wrote.")]
Workspace = Annotated[Path, typer.Option("--workspace", help="The workspace of the place.")]
Headings = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="SCHEME=HEADING", help="Which column holds which number."),
]


def register(app: typer.Typer) -> None:
    """Add the group identity."""
    group = typer.Typer(no_args_is_help=True, help="One child, many records: link, explain, judge.")
    for command in (
        check,
        clean,
        link,
        report,
        explain,
        undo,
        seal,
        tokenise,
        household,
        signpost,
        cases,
        relations,
        consents,
        benchmark,
    ):
        group.command()(command)
    review = typer.Typer(no_args_is_help=True, help="Doubtful pairs: out to reviewers, and back.")
    review.command("export")(review_export)
    review.command("import")(review_import)
    group.add_typer(review, name="review")
    identity_private.register(group)
    app.add_typer(group, name="identity")


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet.")],
    column: Headings = None,
    made_up: Annotated[bool, typer.Option("--made-up", help="The people are made up.")] = False,
    json_out: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Machine output (- = screen).")
    ] = None,
) -> None:
    """Count the identifiers of a file that cannot be used, by reason; values are never shown."""
    from threecircles.identity import commands

    found = commands.check(file, commands.headings(column), fictitious=made_up)
    if json_out is not None:
        text = json.dumps(found.to_dicts(), indent=1)
        print(text) if str(json_out) == "-" else json_out.write_text(text + "\n", encoding="utf-8")
    if json_out is None or str(json_out) != "-":
        print(commands.as_text(found))
    if found.filter(~found["status"].is_in(commands.USABLE)).height:
        raise typer.Exit(FINDINGS)


def clean(
    sources: Sources, out: Annotated[Path, typer.Option("--out", help="Folder for the results.")]
) -> None:
    """Write each source as the linkage compares it: readings of names, dates, judged numbers."""
    from threecircles.identity import commands

    notes = commands.clean_sources(sources, out)
    for told in notes.problems:
        print(told)
    print(f"Written to {out}. These files hold personal data.")
    if notes.refused_records:
        raise typer.Exit(UNREADABLE)


def link(
    sources: Sources,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results.")],
    threshold: Annotated[
        str, typer.Option(help="careful (.95), balanced (.8) or generous (.3).")
    ] = "generous",
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be compared, and stop.")
    ] = False,
    reviewed: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Answers of reviewers (CSV).")
    ] = None,
    retrain: Annotated[
        bool,
        typer.Option("--retrain", help="Learn from the reviewers' answers, and say what changed."),
    ] = False,
) -> None:
    """Link records of several files into persons; needs no workspace."""
    from threecircles.identity import link as run
    from threecircles.identity.commands import planned
    from threecircles.identity.review import read_answers

    if plan:
        print(planned(sources))
        return
    answers = [a for file in reviewed or () for a in read_answers(file)]
    linked = run(sources, out, threshold, engine, answers=answers, retrain=retrain)
    for told in linked.problems:
        typer.echo(told, err=True)
    persons = linked.person_record["person_id"].n_unique()
    print(f"{linked.person_record.height:,} records are {persons:,} persons. Written to {out}:")
    print("  person_record.parquet, link_edge.parquet, record_group.parquet, quality.json")
    if linked.retrained:
        print(f"  retrained.csv: {linked.retrained.said}")
    if linked.refused.height:
        print(f"  refused.csv: {linked.refused.height:,} rows that could not be linked")
        raise typer.Exit(UNREADABLE)


def report(
    links: Links,
    reviewed: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Answers of reviewers (CSV).")
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Columns age and population: who is not seen at all."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the page and its tables.")
    ] = None,
) -> None:
    """Say how well the sources were linked, whom the linkage misses, and how sure that is."""
    from threecircles.identity.telling import report_text

    print(report_text(links, reviewed or [], population, out))


def explain(
    one: Annotated[str, typer.Argument(metavar="SOURCE|RECORD", help="A record.")],
    other: Annotated[str, typer.Argument(metavar="SOURCE|RECORD", help="Another record.")],
    links: Annotated[Path, typer.Option("--links", help="The folder that link wrote.")],
) -> None:
    """Say why two records were joined or not, bit by bit, without their values."""
    from threecircles.identity import commands

    print(commands.explain_files(links, one, other))


def review_export(
    sources: Sources,
    links: Annotated[Path, typer.Option("--links", help="The folder that link wrote.")],
    out: Annotated[Path, typer.Option("--out", help="CSV for the reviewers (holds names).")],
    size: Annotated[int, typer.Option(help="How many pairs.")] = 200,
    sample: Annotated[
        bool, typer.Option("--sample", help="Draw by strata, to estimate precision and recall.")
    ] = False,
) -> None:
    """Write doubtful pairs, the most telling first, for reviewers without the web pages."""
    from threecircles.identity.desk_files import export_review

    written = export_review(sources, links, out, size, sample)
    print(f"{written:,} pairs written to {out}. It holds names: give it to the reviewer only.")


def review_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The reviewed CSV.")],
    workspace: Workspace,
) -> None:
    """Take reviewers' answers into a workspace; they outlive every linkage."""
    from threecircles.identity.desk_files import import_review

    print(import_review(file, workspace))


def undo(
    event: Annotated[int, typer.Argument(help="The id of the event (identity.person_event).")],
    workspace: Workspace,
) -> None:
    """Take an event of persons back: a merge, a split, a move. The next linkage keeps to it."""
    from threecircles.identity.desk_files import undo_event

    print(undo_event(event, workspace))


def seal(
    workspace: Workspace,
    before: Annotated[list[str], typer.Option(metavar="SOURCE|RECORD", help="The old identity.")],
    after: Annotated[list[str], typer.Option(metavar="SOURCE|RECORD", help="The new identity.")],
    since: Annotated[str, typer.Option(help="Day of the order, yyyy-mm-dd.")],
) -> None:
    """Keep two identities of an adopted or protected child apart for good; no path joins them."""
    from threecircles.identity.desk_files import seal_records

    print(seal_records(workspace, before, after, since))


def tokenise(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet.")],
    project: Annotated[str, typer.Option(help="The project the tokens are for.")],
    out: Annotated[Path, typer.Option("--out", help="CSV of tokens.")],
    key_file: Annotated[
        Path | None, typer.Option(help="File with the master key (else THREECIRCLES_KEY).")
    ] = None,
    salt: Annotated[
        str, typer.Option(help="Id of the workspace or trust that keeps the key.")
    ] = "",
    column: Headings = None,
    keep: Annotated[
        list[str] | None, typer.Option(metavar="HEADING", help="Columns to send along.")
    ] = None,
) -> None:
    """Replace people by keyed tokens at the source, for a data trust; no name leaves the house."""
    from threecircles.identity.desk_files import tokenise_file

    rows = tokenise_file(file, out, project, key_file, salt, column or [], keep or [])
    print(f"{rows:,} rows of tokens written to {out}.")


def household(
    sources: Sources,
    links: Annotated[Path, typer.Option("--links", help="The folder that link wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for household and relation tables.")],
) -> None:
    """Infer who lives together, and who are siblings or born together, from linked records."""
    from threecircles.identity.desk_files import households_of

    print(households_of(sources, links, out))


def benchmark(
    children: Annotated[int, typer.Option(help="How many children to make up.")] = 50_000,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal children.")] = 1,
    profile: Annotated[str, typer.Option(help="plain, or harder (with the additions).")] = "plain",
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
) -> None:
    """Judge our linkage and plain Splink on made-up children whose truth is known."""
    from threecircles.identity.benchmark import as_text
    from threecircles.identity.benchmark import benchmark as judge
    from threecircles.synthetic.linkage.generate import generate

    made = generate(children, seed, profile)
    print(as_text(judge(made.sources, made.truth, engine)))
