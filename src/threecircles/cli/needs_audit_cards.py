"""Commands of a needs audit that end at the table: cards, boards, and the groups people made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threecircles.cli.needs_audit import HERE, Study, Workspace, form_in, opened

if TYPE_CHECKING:
    from threecircles.core.safety import Grant
    from threecircles.need.audit.board import Board
    from threecircles.need.audit.store import AuditStore


def register(group: typer.Typer) -> None:
    """Add the commands to the group needs-audit."""
    for command in (cards, board, groups):
        group.command()(command)


def cards(
    study: Study,
    out: Annotated[Path, typer.Option("--out", help="Folder for the cards.")],
    checked_by: Annotated[
        str, typer.Option("--checked-by", metavar="NAME", help="Who looked through the proof; no reader of the cases.")
    ] = "",
    workspace: Workspace = HERE,
) -> None:  # fmt: skip
    """Make the need cards: first a proof to look through, then, checked by somebody, the cards to print and sort."""
    from threecircles.cli.audit_words import write_cards
    from threecircles.disclosure.quotes import marks
    from threecircles.need.audit.cards import keep_cards, make_cards
    from threecircles.need.audit.coding import settled_codes

    store, grant = opened(workspace, study)
    form = form_in(store)
    made, left = make_cards(settled_codes(store, form), form, marks, grant)
    if checked_by:
        keep_cards(store, made, checked_by, grant)
    out.mkdir(parents=True, exist_ok=True)
    path = write_cards(made, study, out / ("cards.pdf" if checked_by else "proof.pdf"))
    for line in left:
        typer.echo(f"Left off. {line}")
    typer.echo(f"{len(made)} cards: {path}")
    if not checked_by:
        typer.echo("Let somebody who read no case look through the proof, then add --checked-by NAME.")  # fmt: skip


def board(
    study: Study,
    table: Annotated[str, typer.Option(help="Start this table, or go on with it.")] = "",
    workspace: Workspace = HERE,
) -> None:
    """Start a table that sorts the cards, or tell how far each table is; `serve` shows the boards."""
    from threecircles.need.audit import board as boards

    store, grant = opened(workspace, study)
    numbers = _numbers(store, grant)
    if table:
        boards.start(store, table, grant)
        typer.echo(f"Open /needs-audit/{study}/board/{table} on each tablet of this table (threecircles serve).")  # fmt: skip
    for name in boards.boards(store):
        made = boards.board_of(store, name, numbers, grant)
        done = len(numbers) - len(made.inside(boards.PILE))
        state = f", saved {made.saved[:16]}" if made.saved else ""
        typer.echo(f"{name}: {done} of {len(numbers)} cards laid, {len(made.inside(boards.PARKED))} fit none, {len(made.groups)} groups{state}")  # fmt: skip


def groups(
    study: Study,
    out: Annotated[Path, typer.Option("--out", help="Folder for what is told.")],
    table: Annotated[str, typer.Option(help="The table whose groups are told in full.")] = "",
    rule: Annotated[
        str, typer.Option(help='An access rule to try, such as "impairment_overall >= 2 and risks >= 3".')
    ] = "",
    workspace: Workspace = HERE,
) -> None:  # fmt: skip
    """What saved tables agree on, each group's profile, whom a rule lets in, and the machine's grouping beside it."""
    from threecircles.core.errors import UsageError
    from threecircles.need.audit import board as boards

    store, grant = opened(workspace, study)
    numbers = _numbers(store, grant)
    saved = [
        b for b in (boards.board_of(store, n, numbers, grant) for n in boards.boards(store)) if b.saved
    ]  # fmt: skip
    if not saved or (table and table not in {b.name for b in saved}):
        raise UsageError(
            "No such table has saved its sort yet.", found=table or "none has saved", allowed=", ".join(b.name for b in saved) or "none yet",
            mend="The machine's grouping and the profiles are shown only beside a table's own saved sort.",
        )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    if len(saved) > 1:
        _agreement(saved, grant, out)
    chosen = next((b for b in saved if b.name == table), saved[0])
    _profile(store, grant, chosen, rule, out, workspace)


def _agreement(saved: list[Board], grant: Grant, out: Path) -> None:
    import polars as pl

    from threecircles.need.audit.sorts import compared
    from threecircles.report.heat_map import heat_map

    found = compared(saved, grant)
    for one, two, alike in found.pairs:
        typer.echo(f"{one} and {two}: adjusted Rand {alike:.2f}")
    typer.echo(f"Cards that the tables treat most unlike: {', '.join(str(c) for c, _ in found.movers[:10])}")  # fmt: skip
    grid = pl.DataFrame(found.together, schema=[str(c) for c in found.cards])
    grid.insert_column(0, pl.Series("card", found.cards)).write_csv(
        out / "together.csv", float_precision=2
    )
    drawn = heat_map(found.together, found.cards, "How often the tables laid two cards together")
    (out / "together.svg").write_text(drawn.text, encoding="utf-8")


def _profile(
    store: AuditStore, grant: Grant, chosen: Board, rule: str, out: Path, workspace: Path
) -> None:
    import polars as pl

    from threecircles.cli.audit_words import write_safe_tables
    from threecircles.core.agreement import adjusted_rand
    from threecircles.core.workspace import open_workspace
    from threecircles.need.audit.coding import settled_codes
    from threecircles.need.audit.derived import with_derived
    from threecircles.need.audit.grouping import LEAST_CASES, gower, grouped
    from threecircles.need.audit.sorts import admitted, with_groups
    from threecircles.need.audit.tables import audit_tables

    form = form_in(store)
    told = with_groups(settled_codes(store, form), chosen)
    if rule:
        told = told.join(
            admitted(with_derived(told, form), rule, form).select("number", "rule"), on="number"
        )
    measured = audit_tables(told, form, f"{store.study}-{chosen.name}", "the period of the plan", grant, by="group")  # fmt: skip
    rows = write_safe_tables(measured, open_workspace(workspace), out)
    typer.echo(f"Table {chosen.name}: {len(chosen.groups)} groups told in {rows.height} figures: {out / 'all.csv'}")  # fmt: skip
    if rule:
        said = rows.filter(
            (pl.col("table") == "t13") & (pl.col("group") == "All") & (pl.col("answer") == "admitted")
        )  # fmt: skip
        share = said["share"].item() if said.height == 1 else None
        typer.echo(f"The rule lets in {share:.0f}% of the cases; by group in {out / 't13.csv'}" if share is not None else f"Whom the rule lets in: {out / 't13.csv'}")  # fmt: skip
    if told.height >= LEAST_CASES:
        machine = grouped(gower(told, form))
        alike = adjusted_rand(told["group"].to_list(), list(machine.labels))
        typer.echo(
            f"Beside it a machine finds {machine.k} groups (silhouette {machine.silhouette:.2f}, stability {machine.stability:.2f}); "
            f"likeness to the table's own {alike:.2f}. It does not know what children need, and replaces nothing."
        )
        pl.DataFrame(
            {"card": told["number"], "table_group": told["group"], "machine_group": machine.labels}
        ).write_csv(out / "machine.csv")


def _numbers(store: AuditStore, grant: Grant) -> list[int]:
    from threecircles.need.audit.cards import kept_cards

    return [c.number for c in kept_cards(store, grant)]
