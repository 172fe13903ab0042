"""Commands of the register of agreements and of decisions to share or not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.acting import Actor
from threecircles.core.dates import in_words

Folder = Annotated[Path, typer.Argument(metavar="W", help="A workspace, or a place folder.")]


def register(app: typer.Typer) -> None:
    """Add the group agreement."""
    group = typer.Typer(
        no_args_is_help=True, help="Who shares what with whom, under which law, until when."
    )
    group.command("list")(list_agreements)
    group.command()(check)
    group.command()(export)
    group.command("share-decision")(share_decision)
    app.add_typer(group, name="agreement")


def list_agreements(
    folder: Folder = Path(),
    expiring: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Only those that end within so many days.")
    ] = None,
) -> None:
    """The register; those about to lapse say so (180, 90, 30 days)."""
    from threecircles.disclosure import agreements as register_

    today = _today()
    found = (
        register_.agreements(folder)
        if expiring is None
        else register_.expiring(folder, expiring, today)
    )
    for a in found:
        near = register_.alert(a, today)
        said = (
            ""
            if near is None or a.status != "in force"
            else ("  LAPSED" if near == 0 else f"  within {near} days")
        )
        print(
            f"{a.id:16} {a.status:9} until {in_words(a.expires)}{said}  {', '.join(p.label for p in a.parties)}"
        )
        print(
            f"{'':16} for {', '.join(a.purposes)} under {', '.join(a.gateways) or 'no law named'}"
        )
    if not found:
        print("No agreement." if expiring is None else f"No agreement ends within {expiring} days.")


def check(
    folder: Folder = Path(),
    place: Annotated[
        Path | None,
        typer.Option(
            "--place", metavar="DIR", help="Hold its deliveries against the register too."
        ),
    ] = None,
) -> None:
    """Faults of agreements, and sources that flow without one; exit code 1 when there are any."""
    from threecircles.definitions.place import load_place
    from threecircles.disclosure import agreements as register_

    bad = False
    for a in register_.agreements(folder):
        for fault in register_.faults(a, _today()):
            print(f"{a.id}: {fault}")
            bad = True
    if place is not None:
        sources = tuple(d.source for d in load_place(place).deliveries)
        for gap in register_.gaps(folder, sources, ("needs_assessment",), _today()):
            print(gap)
            bad = True
    for (parties, purposes), ids in register_.replaceable(folder).items():
        print(
            f"{', '.join(ids)} could be one agreement of {' and '.join(parties)} for {', '.join(purposes)}"
        )
    if bad:
        raise typer.Exit(1)
    print("Every agreement is whole, and every flow has one.")


def export(
    folder: Folder = Path(),
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: the screen.")
    ] = None,
) -> None:
    """The register as JSON-LD, with ids of the Data Privacy Vocabulary."""
    from threecircles.core.workspace import write_bytes
    from threecircles.disclosure import agreements as register_
    from threecircles.disclosure.agreements_export import json_ld

    told = json_ld(register_.agreements(folder))
    if out is None:
        print(told)
    else:
        write_bytes(out, told.encode())
        print(f"Wrote {out}")


def share_decision(
    child: Annotated[str, typer.Argument(metavar="PERSON", help="The child's person id.")],
    asked_by: Annotated[str, typer.Option(help="Organisation that asked.")],
    asked_of: Annotated[str, typer.Option(help="Organisation that was asked.")],
    decision: Annotated[str, typer.Option(help="shared or not shared.")],
    reason: Annotated[str, typer.Option()],
    more_detrimental: Annotated[
        str,
        typer.Option(help="Would sharing harm the child more than not? yes, no or not considered."),
    ] = "not considered",
    workspace: Annotated[Path, typer.Option("--workspace", metavar="W")] = Path(),
    actor: Actor = None,
) -> None:
    """Record a decision to share, or not to share, about a child: both count alike."""
    from threecircles.cli.acting import acting
    from threecircles.disclosure import share_decisions

    by = acting(workspace, actor, identifiable=True).person
    made = share_decisions.decide(
        workspace, child, asked_by=asked_by, asked_of=asked_of, decision=decision, reason=reason,
        more_detrimental=more_detrimental, actor=by,
    )  # fmt: skip
    print(f"Recorded: {made}. {share_decisions.duty(_today())}")


def _today() -> date:
    return datetime.now(UTC).date()
