"""Commands of signposting: who else works with one child, and whose case a child is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from threecircles.cli.acting import Actor

Workspace = Annotated[Path, typer.Option("--workspace", help="The workspace of the place.")]


def signpost(
    workspace: Workspace,
    purpose: Annotated[str, typer.Option(help="direct_care or safeguarding.")],
    number: Annotated[str, typer.Option(help="NHS, pupil or learner number.")] = "",
    first_name: Annotated[
        str, typer.Option(help="With surname, birth, and postcode or school.")
    ] = "",
    surname: Annotated[str, typer.Option()] = "",
    date_of_birth: Annotated[str, typer.Option(help="As 2014-05-03.")] = "",
    postcode: Annotated[str, typer.Option()] = "",
    school: Annotated[str, typer.Option(help="The school's reference number (URN).")] = "",
    family: Annotated[
        bool, typer.Option("--family", help="Also who works with the family, where agreed.")
    ] = False,
    actor: Actor = None,
) -> None:
    """Say which services work with one child of your own open cases: who and when, never why.

    Every look is written down. Emergencies go through the page, where you sign in with a second factor.
    """
    import time

    from threecircles.cli.acting import acting
    from threecircles.core.errors import UsageError
    from threecircles.disclosure.permission import check_may
    from threecircles.identity.signposting import held_back
    from threecircles.web.work.signpost_look import PURPOSES, look

    began = time.monotonic()
    who = acting(workspace, actor, identifiable=True).person

    def ask(
        action: str, named: str, resource: str, about: Mapping[str, Any], detail: Mapping[str, Any] | None
    ) -> object:  # fmt: skip
        return check_may(
            action, actor=who, purpose_id=named, folder=workspace, resource_id=resource, resource=about, detail=detail,
        )  # fmt: skip

    asked = {
        "number": number, "first_name": first_name, "surname": surname, "date_of_birth": date_of_birth,
        "postcode": postcode, "school": school, "purpose": purpose, "family": "yes" if family else "",
    }  # fmt: skip
    told = look(workspace, who, asked, ask)
    # Nobody's answer may come sooner or later than another's.
    time.sleep(held_back(time.monotonic() - began))
    if told.card is None:
        allowed = ", ".join(PURPOSES) if purpose not in PURPOSES else ""
        raise UsageError(told.problem, allowed=allowed)
    for line in told.card.lines:
        print(f"{_words(line.service)}: {line.contact}; {line.last_involved} (source covers {line.covers})")  # fmt: skip
    if not told.card.lines:
        print("Nothing can be shown to you. The child may be unknown here, or not open to your team.")  # fmt: skip
    for relative in told.card.family:
        line = relative.line
        print(f"{relative.role} ({relative.basis}, {relative.since}): {_words(line.service)}: {line.contact}; {line.last_involved}")  # fmt: skip


def cases(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: team, record, opened, closed.")
    ],
    workspace: Workspace,
) -> None:
    """Take in which team has which child open; without it signposting answers nobody."""
    from threecircles.core.workspace import open_workspace
    from threecircles.identity.place.cases import take_in

    print(f"{take_in(file, open_workspace(workspace, 'identity')):,} open cases taken in.")


def relations(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV: record, other, kind, since, ended, order."),
    ],
    workspace: Workspace,
) -> None:
    """Take in family relations as a case system states them; they stand above inferred ones."""
    from threecircles.core.workspace import open_workspace
    from threecircles.identity.place.family import take_in

    print(f"{take_in(file, open_workspace(workspace, 'identity')):,} stated relations taken in.")


def consents(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: record, service, given, ended.")
    ],
    workspace: Workspace,
) -> None:
    """Take in who agreed that a sensitive service may be shown; without it none ever is."""
    from threecircles.core.workspace import open_workspace
    from threecircles.identity.place.consents import take_in

    print(f"{take_in(file, open_workspace(workspace, 'identity')):,} consents taken in.")


def _words(service: str) -> str:
    return service.replace("-", " ").capitalize()
