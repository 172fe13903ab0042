"""Commands that take children's words through two readers before they are released."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.acting import Actor

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Number = Annotated[str, typer.Argument(metavar="QUOTE", help="The number that `quote take` gave.")]


def register(app: typer.Typer) -> None:
    """Add the group quote."""
    group = typer.Typer(
        no_args_is_help=True, help="Children's words: consent, two readers, and harm to the panel."
    )
    group.command()(take)
    group.command()(settle)
    group.command()(second)
    group.command()(harm)
    app.add_typer(group, name="quote")


def take(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The words as they were said.")],
    consent: Annotated[str, typer.Option(help="yes, paraphrase or no.")],
    children: Annotated[int, typer.Option(min=0, help="Children in the group that is named.")],
    said_by: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="WHAT=VALUE", help="Of the one who spoke: say it again for each."
        ),
    ] = None,
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Take up a quote, and mark what could tell who spoke."""
    from threecircles.disclosure import quotes

    told = {k.strip(): v.strip() for k, _, v in (x.partition("=") for x in said_by or ())}
    quote = quotes.take(
        workspace, text, consent, attribution=told, children=children, by=_may(workspace, actor)  # type: ignore[arg-type]
    )  # fmt: skip
    print(
        f"Quote {quote.id}. Look at: {', '.join(quotes.marks(text)) or 'nothing was marked; read it all the same'}."
    )


def settle(
    quote: Number,
    shown: Annotated[str, typer.Option(help="The words as they are to be shown.")],
    note: Annotated[str, typer.Option(help="What was changed; it goes with the quote.")] = "",
    keep: Annotated[
        list[str] | None, typer.Option(help="A marked word that may stay; say it again for each.")
    ] = None,
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """First reader: the text to be shown, with every mark settled."""
    from threecircles.disclosure import quotes

    quotes.settle(workspace, quote, shown, note=note, by=_may(workspace, actor), kept=keep or ())
    print("Settled. A second person reads it: threecircles quote second QUOTE")


def second(quote: Number, workspace: Workspace = Path(), actor: Actor = None) -> None:
    """Second reader: somebody else agrees to the text."""
    from threecircles.disclosure import quotes

    quotes.second(workspace, quote, by=_may(workspace, actor))
    print("Read by two people; it may stand in a release.")


def harm(quote: Number, workspace: Workspace = Path(), actor: Actor = None) -> None:
    """The words tell of harm: stop, and tell the safeguarding panel."""
    from threecircles.disclosure import quotes

    quotes.harm(workspace, quote, by=_may(workspace, actor))
    print("Stopped. The safeguarding panel has a notice; follow your own procedure today.")


def _may(workspace: Path, actor: str | None) -> str:
    """The reader's account, who may check what leaves."""
    from threecircles.cli.acting import acting
    from threecircles.disclosure.permission import check_may

    who = acting(workspace, actor, identifiable=True).person
    check_may(
        "check_release", actor=who, purpose_id="audit", folder=workspace, resource_id="house:quotes",
        resource={"requester": "", "state": "requested"},
    )  # fmt: skip
    return who.id
