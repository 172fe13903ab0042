"""Commands of policies and of the ethics gate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Actor = Annotated[
    str | None, typer.Option("--as", metavar="PERSON", help="Account that asks; default: you.")
]


def register(app: typer.Typer) -> None:
    """Add the groups policy and ethics."""
    group = typer.Typer(
        no_args_is_help=True, help="Who may do what: check the policies, and ask why not."
    )
    group.command()(validate)
    group.command()(test)
    group.command()(why)
    app.add_typer(group, name="policy")
    ethics = typer.Typer(
        no_args_is_help=True, help="The gate every study and every new linkage passes."
    )
    ethics.command("list")(list_records)
    ethics.command()(draft)
    ethics.command()(check)
    app.add_typer(ethics, name="ethics")


def validate(workspace: Workspace = Path()) -> None:
    """Check that every policy fits its schema and that the forbidden purposes are whole."""
    from threecircles.disclosure.policy import policy_set
    from threecircles.disclosure.purposes import forbidden, purposes

    local = workspace / "forbidden.yaml"
    known = policy_set(local=local if local.exists() else None)
    never = forbidden(local if local.exists() else None)
    print(
        f"{len(known.ids)} policies fit the schema; {len(purposes())} purposes can be permitted, {len(never)} never."
    )


def test() -> None:
    """Judge every example in the policies, and every combination against the reviewed table."""
    from threecircles.disclosure.policy import wrong_examples
    from threecircles.disclosure.reviewed import matrix, matrix_of_tables

    wrong = list(wrong_examples())
    cells = [*matrix(), *matrix_of_tables()]
    differ = [c for c in cells if c.reviewed != c.decided]
    for line in wrong:
        print(line)
    for c in differ:
        said = (
            "allow it, the reviewed table does not"
            if c.decided
            else "refuse it, the reviewed table allows it"
        )
        print(f"{c.role}, {c.action}, {c.purpose}, on {c.child}: policies {said}")
    print(
        f"{len(cells):,} combinations of role, action, purpose and what it is about; {len(differ)} differ from the reviewed table; {len(wrong)} examples wrong."
    )
    if wrong or differ:
        raise typer.Exit(1)


def why(
    action: Annotated[str, typer.Argument(help="Such as view_sensitive_table or approve_release.")],
    purpose: Annotated[str, typer.Option(help="The use it is for.")],
    on: Annotated[str, typer.Option(help="A table, or the state of a release.")] = "",
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Say whether somebody may, and if not, the shortest list of what is missing. Nothing is done."""
    from threecircles.cli.acting import acting
    from threecircles.core.errors import UsageError
    from threecircles.disclosure.people import person
    from threecircles.disclosure.policy import Asked, decide, resource_type
    from threecircles.disclosure.purposes import purpose as purpose_of
    from threecircles.disclosure.purposes import purposes
    from threecircles.disclosure.reviewed import CHILD_ACTIONS
    from threecircles.disclosure.why_not import why_not

    known = purpose_of(purpose)
    actions = (*CHILD_ACTIONS, *{a for p in purposes().values() for a in p.allowed_actions})
    if action not in actions:
        raise UsageError(
            "There is no such action.", found=action, allowed=", ".join(sorted(set(actions)))
        )
    # Of somebody else it is said as if they had signed in: only what they lack beyond that is news.
    who = person(workspace, actor, mfa=True) if actor else acting(workspace).person
    kind = resource_type(action)
    about: dict[str, object] = {}
    if kind == "Dataset":
        about = {
            "owner": who.organisation,
            "purposes": [p.id for p in purposes().values() if not on or p.may_read(on)],
        }
    if kind == "Output":
        about = {"state": on}
    asked = Asked(person=who, action=action, purpose=known.id, resource_type=kind, resource=about)
    decision = decide([asked])[0]
    if decision.allowed:
        print(f"{who.id} may: {', '.join(decision.policies)}.")
        return
    missing = why_not(asked)
    print(f"{who.id} may not: {'; '.join(missing) if missing else 'no policy permits it'}.")
    raise typer.Exit(1)


def list_records(workspace: Workspace = Path()) -> None:
    """The ethics records of a workspace or place, and what stands in the way of each."""
    from datetime import UTC, datetime

    from threecircles.disclosure import ethics

    local = ethics.local_committees(workspace)
    found = ethics.records(workspace)
    for record in found.values():
        faults = ethics.faults(record, datetime.now(UTC).date(), local)
        print(f"{record.id:24} {record.kind:10} {record.decision:24} {'; '.join(faults) or 'good'}")
    if not found:
        print("No ethics record lies here. `threecircles ethics draft` writes one to fill in.")


def draft(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A place folder (for its linkage), or a workspace."),
    ],
    kind: Annotated[
        str, typer.Option(help="link, survey, needs_audit, voice, service_form, effect or follow.")
    ] = "link",
    study: Annotated[str, typer.Option(help="The study's id; for a linkage not needed.")] = "",
) -> None:
    """Write an ethics record to fill in and take to your committee."""
    from threecircles.disclosure.ethics_draft import write_draft

    print(
        f"Wrote {write_draft(folder, kind, study)}. Fill it in, take it to your committee, and write down what it decides."
    )


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A place folder or workspace.")],
) -> None:
    """Say what is missing in each ethics record; exit code 1 when something is."""
    from datetime import UTC, datetime

    from threecircles.disclosure import ethics

    local, bad = ethics.local_committees(folder), False
    for record in ethics.records(folder).values():
        for fault in ethics.faults(record, datetime.now(UTC).date(), local):
            print(f"{record.id}: {fault}")
            bad = True
    if bad:
        raise typer.Exit(1)
    print("Every record is good.")
