"""Commands for a person's rights: see, correct, object, be taken out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threecircles.cli.acting import Actor, Second
from threecircles.core.dates import in_words

if TYPE_CHECKING:
    from threecircles.core.workspace import Workspace as Opened
    from threecircles.disclosure.rights.asking import Asked

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Person = Annotated[
    str,
    typer.Argument(
        metavar="PERSON", help="A person id, or scheme:value such as upn:A123456789012."
    ),
]
PlaceFolder = Annotated[
    Path | None, typer.Option("--place", metavar="DIR", help="The place folder, to run again.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; the person is told.")]


def register(app: typer.Typer) -> None:
    """Add the group rights."""
    group = typer.Typer(
        no_args_is_help=True,
        help="What a person may ask: see it, mend it, refuse it, have it taken out.",
    )
    group.command()(access)
    group.command()(correct)
    group.command("object")(object_to)
    group.command("opt-out")(opt_out)
    group.command()(erase)
    group.command("list")(list_requests)
    group.command()(hold)
    group.command()(retention)
    group.command()(destroy)
    app.add_typer(group, name="rights")


def access(
    person: Person,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder for the answer.")],
    workspace: Workspace = Path(),
    actor: Actor = None,
    reader: Annotated[
        str, typer.Option(help="adult, thirteen or eight (letters for children).")
    ] = "adult",
    received: Annotated[
        str | None, typer.Option(help="Day the request came (yyyy-mm-dd); starts the clock.")
    ] = None,
    settled: Annotated[
        Path | None,
        typer.Option(help="File of settled entries, one delivery/table/row/field a line."),
    ] = None,
) -> None:
    """Write everything held about a person: JSON, a letter (PDF), and what a human must settle first."""
    from threecircles.core.errors import UsageError
    from threecircles.core.workspace import open_workspace, write_bytes
    from threecircles.disclosure.rights import access as answers
    from threecircles.disclosure.rights import clock, letters
    from threecircles.report.document import write_pdf

    if reader not in ("adult", "thirteen", "eight"):
        raise UsageError("There is no such reader.", found=reader, allowed="adult, thirteen, eight")
    opened = open_workspace(workspace, "identity")
    asked = _may(opened, person, "subject_access", actor)
    keep = frozenset(settled.read_text(encoding="utf-8").split()) if settled else frozenset()
    found = answers.access(opened, asked.person, keep)
    day = date.fromisoformat(received) if received else _today()
    request = clock.receive(opened.path, asked.person, "access", day, asked.by.id)
    label = json.loads((workspace / "workspace.json").read_text())["label"]
    write_bytes(
        out / "held.json", json.dumps(found.as_json(), indent=1, ensure_ascii=False).encode()
    )
    write_pdf(letters.letter(found, reader, label), out / f"letter-{reader}.pdf")  # type: ignore[arg-type]
    lines = [
        f"{t.delivery}/{t.table}/{t.row}/{t.field}  # may tell of {t.whom}" for t in found.to_settle
    ]
    write_bytes(out / "to-settle.txt", ("\n".join(lines) + "\n").encode())
    due = clock.request(opened.path, request).due
    print(
        f"Request {request}, to be answered by {in_words(due)}." if due else f"Request {request}."
    )
    print(
        f"{len(found.rows)} rows from {len(found.links)} records; {len(found.to_settle)} entries wait for a person ({out / 'to-settle.txt'})."
    )
    print(f"Wrote {out / 'held.json'} and {out / f'letter-{reader}.pdf'}.")


def correct(
    person: Person,
    delivery: Annotated[str, typer.Option(help="As the answer names it.")],
    table: Annotated[str, typer.Option()],
    row: Annotated[int, typer.Option(help="Row of that table, counted from 1.")],
    column: Annotated[str, typer.Option()],
    value: Annotated[str, typer.Option(help="What it should say; empty = nothing.")],
    reason: Reason,
    workspace: Workspace = Path(),
    actor: Actor = None,
    place: PlaceFolder = None,
) -> None:
    """Lay a correction over a received cell; the file itself stays as it came."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure.rights import correct as corrections

    opened = open_workspace(workspace, "identity")
    asked = _may(opened, person, "correct", actor)
    wanted = corrections.Correction(
        person=asked.person,
        delivery=delivery,
        table=table,
        row=row - 1,
        column=column,
        value=value,
        reason=reason,
    )
    others = corrections.correct(opened, wanted, asked.by.id)
    print("The correction is kept. Everything made from that cell is made anew by the next run.")
    if others:
        print(f"Tell those who hold it too: {', '.join(others)}.")
    _run_and_tell(opened, place)


def object_to(
    person: Person,
    purpose: Annotated[str, typer.Option(help="The use that is objected to, such as evaluation.")],
    kind: Annotated[
        str, typer.Option(help="objection, opt_out, consent or withdrawal.")
    ] = "objection",
    whose: Annotated[str, typer.Option(help="child or parent.")] = "child",
    judgement: Annotated[
        str, typer.Option(help="Who judged age and competence, and what they found.")
    ] = "",
    competent: Annotated[bool, typer.Option(help="The child's own view decides.")] = False,
    evidence: Annotated[str, typer.Option(help="Where it was said: letter, form, talk.")] = "",
    workspace: Workspace = Path(),
    actor: Actor = None,
    place: PlaceFolder = None,
) -> None:
    """Record an objection, opt-out, consent or its withdrawal, and make anew what it touches."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import preferences
    from threecircles.disclosure.rights import changed

    opened = open_workspace(workspace, "identity")
    asked = _may(opened, person, "correct", actor)
    wanted = preferences.Preference(
        person=asked.person, purpose=purpose, kind=kind, whose=whose, from_day=_today(),  # type: ignore[arg-type]
        evidence=evidence, judgement=judgement, competent=competent,
    )  # fmt: skip
    preferences.record(opened.path, wanted, asked.by.id)
    print(f"Recorded: {kind.replace('_', ' ')} to {purpose.replace('_', ' ')}.")
    if place is not None:
        from threecircles import pipeline
        from threecircles.definitions.place import load_place

        steps = pipeline.steps(load_place(place))
        print(f"It feeds {len(changed.depending(opened, steps, purpose))} measured tables.")
    _run_and_tell(opened, place)


def opt_out(
    sent: Annotated[Path, typer.Argument(metavar="SENT", help="Numbers sent to be checked.")],
    returned: Annotated[
        Path, typer.Argument(metavar="RETURNED", help="Numbers that came back: they may be used.")
    ],
    rule: Annotated[str, typer.Option("--list", help="Whose list it is.")] = "nhs-national",
    workspace: Workspace = Path(),
    actor: Actor = None,
    place: PlaceFolder = None,
) -> None:
    """Leave out those who opted out with the NHS: sent to its checking service and not returned."""
    from threecircles.cli.acting import acting
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import opt_outs
    from threecircles.disclosure.permission import check_may

    opened = open_workspace(workspace, "identity")
    who = acting(workspace, actor, identifiable=True).person
    check_may(
        "correct", actor=who, purpose_id="subject_rights", folder=workspace, resource_id=f"list:{rule}",
        resource={"restricted": False},
    )  # fmt: skip
    found = opt_outs.load_list(
        opened, opt_outs.opt_out(rule), sent, returned, day=_today(), by=who.id
    )
    print(found.text())
    _run_and_tell(opened, place)


def erase(
    person: Person,
    second: Second,
    place: Annotated[
        Path,
        typer.Option(
            "--place", metavar="DIR", help="The place folder whose files are written anew."
        ),
    ],
    reason: Reason,
    workspace: Workspace = Path(),
    actor: Actor = None,
    run_again: Annotated[
        bool, typer.Option("--run/--no-run", help="Make everything anew at once.")
    ] = True,
) -> None:
    """Take a person out of files, store and tables. Two people; refused while a hold stands."""
    from threecircles.core.workspace import open_workspace
    from threecircles.definitions.place import load_place
    from threecircles.disclosure.extracts import outstanding
    from threecircles.disclosure.rights import changed, clock
    from threecircles.disclosure.rights import erase as erasing

    opened = open_workspace(workspace, "identity")
    asked = _may(opened, person, "erase", actor, second)
    before = changed.measured(opened)
    request = clock.receive(opened.path, asked.person, "erasure", _today(), asked.by.id)
    done = erasing.erase(opened, load_place(place), asked.person, request)
    clock.act(opened.path, request, "answered", _today(), asked.by.id, reason)
    for name, count in done.files:
        print(f"{name}: written anew without {count} rows; the old copy may not come back.")
    print(f"No backup holds the person after {in_words(done.backups_until)}.")
    for number, project, until in outstanding(workspace):
        print(f"Extract {number} of {project} is out until {until}: tell its holder.")
    if run_again:
        _run_and_tell(opened, place, before)
    else:
        print("Everything made from it was removed; `threecircles run` makes it anew.")


def list_requests(workspace: Workspace = Path(), actor: Actor = None) -> None:
    """Requests with their clocks, the most urgent first."""
    from threecircles.cli.acting import acting
    from threecircles.disclosure.permission import check_may
    from threecircles.disclosure.rights import clock

    check_may(
        "view_audit",
        actor=acting(workspace, actor).person,
        purpose_id="audit",
        folder=workspace,
        resource_id="house:rights",
    )
    found = sorted(
        clock.requests(workspace),
        key=lambda r: (r.state not in ("open", "waiting"), r.due or date.max),
    )
    if not found:
        print("Nobody has asked yet.")
    for item in found:
        due = f"due {in_words(item.due)}" if item.due else "the clock stands still"
        print(
            f"{item.id}  {item.kind:10} {item.state:10} received {in_words(item.received)}, {due}"
        )


def hold(
    person: Person,
    kind: Annotated[str, typer.Option(help="court, inquiry or complaint.")],
    reason: Reason,
    until: Annotated[
        str | None, typer.Option(help="Last day (yyyy-mm-dd); open when left out.")
    ] = None,
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Keep anything about a person from being taken out, as a court or inquiry asks."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure.rights import holds

    opened = open_workspace(workspace, "identity")
    asked = _may(opened, person, "correct", actor)
    holds.hold(
        opened.path,
        asked.person,
        kind,
        reason,
        asked.by.id,
        date.fromisoformat(until) if until else None,
    )
    print("The hold stands. An erasure is refused while it does.")


def retention(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="A place folder.")],
) -> None:
    """Until when each delivery is kept, and why; exit code 1 when one has been kept too long."""
    from threecircles.definitions.place import load_place
    from threecircles.disclosure.rights.retention import due

    found = due(load_place(place), _today())
    for item in found:
        said = "OVER" if item.over else "kept"
        print(f"{item.delivery:22} {said} until {in_words(item.kept_until)}: {item.basis}")
    if any(item.over for item in found):
        raise typer.Exit(1)


def destroy(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As place.yaml names it.")],
    second: Second,
    place: Annotated[Path, typer.Option("--place", metavar="DIR", help="The place folder.")],
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Destroy a whole delivery when its time is over, by destroying its files' own keys. Two people."""
    from threecircles.cli.acting import acting, second_person
    from threecircles.core.workspace import open_workspace
    from threecircles.definitions.place import load_place
    from threecircles.disclosure.rights import asking, whole_file

    opened = open_workspace(workspace, "identity")
    by = acting(workspace, actor, identifiable=True)
    asking.may_destroy(
        workspace, delivery, actor=by.person, second=second_person(workspace, second), session_age=by.session_age
    )  # fmt: skip
    done = whole_file.destroy(opened, load_place(place), delivery)
    for name in done.files:
        print(f"{name}: its key is destroyed; it may not come back.")
    print(f"No backup opens it after {in_words(done.backups_until)}.")
    print(f"Take {delivery} out of place.yaml, then `threecircles run` makes the rest anew.")


def _may(
    opened: Opened, named: str, action: str, actor: str | None, second: str | None = None
) -> Asked:
    """Permission for whoever is signed in; for an erasure the second person types their password too."""
    from threecircles.cli.acting import acting, second_person
    from threecircles.disclosure.rights import asking

    by = acting(opened.path, actor, identifiable=True)
    other = "" if second is None else second_person(opened.path, second)
    return asking.may(
        opened, named, action, actor=by.person, second=other, session_age=by.session_age
    )


def _run_and_tell(opened, place: Path | None, before=None) -> None:  # type: ignore[no-untyped-def]
    """Run the place again and list the numbers that changed; without a place say how."""
    from threecircles import pipeline
    from threecircles.disclosure.rights import changed
    from threecircles.disclosure.rights.erase import remove_old_steps

    if place is None:
        print("Run the place again to carry it through: threecircles run DIR --workspace W")
        return
    before = before if before is not None else changed.measured(opened)
    pipeline.run(place, opened.path)
    remove_old_steps(opened)
    moved = changed.changed(before, changed.measured(opened))
    print(f"{len(moved)} numbers changed{':' if moved else '.'}")
    for item in moved[:200]:
        print(f"  {item.table}: {item.cell} ({', '.join(item.figures)})")
    if len(moved) > 200:
        print(f"  and {len(moved) - 200} more")


def _today() -> date:
    return datetime.now(UTC).date()
