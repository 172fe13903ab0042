"""Commands of extracts for researchers and of the privacy-loss budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from threecircles.cli.acting import Actor, Second

if TYPE_CHECKING:
    from threecircles.disclosure.extracts import ExtractSpec

PURPOSE = "accredited_research"

Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]
Spec = Annotated[Path, typer.Argument(metavar="SPEC.yaml", help="What the project may have.")]


def register(app: typer.Typer) -> None:
    """Add the groups extract and budget."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Extracts for researchers: dummy data, anonymous tables, sealed files, receipts.",
    )
    for command in (dummy, build, seal, receipt, overdue):
        group.command()(command)
    group.command("try")(try_study)
    group.command("run")(run_study)
    app.add_typer(group, name="extract")
    book = typer.Typer(no_args_is_help=True, help="How much may still be told with noise.")
    book.command("show")(show)
    book.command("grant")(grant)
    app.add_typer(book, name="budget")


def dummy(
    spec: Spec,
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    rows: Annotated[int, typer.Option(min=1)] = 1000,
) -> None:
    """Rows of the same columns with no child in them, to write a study's code against."""
    from threecircles.core.workspace import write_bytes
    from threecircles.disclosure import extracts

    write_bytes(out, extracts.dummy(extracts.load_spec(spec), rows).write_csv().encode())
    print(f"{rows:,} rows in {out.name}: no child is in them.")


def try_study(
    code: Annotated[
        Path, typer.Argument(metavar="STUDY.py", help="Reads data.csv, writes outputs/NAME.csv.")
    ],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml")],
    workspace: Workspace = Path(),
) -> None:
    """Run a study's code on dummy rows; only what ran so may run on the real ones."""
    from threecircles.disclosure import extracts, studies_inside

    print(studies_inside.try_on_dummy(workspace, extracts.load_spec(spec), code))
    print(
        f"{code.name} ran on rows with no child in them. Another person reads it, and runs it inside."
    )


def run_study(
    code: Annotated[Path, typer.Argument(metavar="STUDY.py", help="As it ran on dummy rows.")],
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="One row a person (CSV or Parquet).")
    ],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A new folder for the safe tables.")
    ],
    author: Annotated[str, typer.Option(help="Whose code it is; you must be somebody else.")],
    profile: Annotated[str, typer.Option(help="See `disclosure profiles`.")] = "research-7-5",
    workspace: Workspace = Path(),
    second: Second = "",
    actor: Actor = None,
) -> None:
    """Run a study you have read on the real rows, without a network; safe tables go on to the desk."""
    from threecircles.core.errors import NotPermitted
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure import extracts, studies_inside
    from threecircles.disclosure.people import same_human
    from threecircles.disclosure.preferences import excluded
    from threecircles.disclosure.scan import names_of

    declared = extracts.load_spec(spec)
    by = _permitted(workspace, declared, actor, second)
    if same_human(workspace, by, author):
        raise NotPermitted("Nobody runs their own study.", mend="Another person reads and runs it.")
    done = studies_inside.run_inside(
        workspace, declared, code, _read(table), key=_key(workspace, declared.project),
        names=names_of(open_workspace(workspace, "identity")), out=out, profile=profile,
        excluded=excluded(workspace, PURPOSE),
    )  # fmt: skip
    print(done.text())
    print(f"Ask for their release: threecircles release request {out.name}")


def build(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="One row a person (CSV or Parquet).")
    ],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE")],
    workspace: Workspace = Path(),
    second: Second = "",
    actor: Actor = None,
) -> None:
    """Declared columns only, coarse dates, pseudonyms of the project's own, k and l held."""
    from threecircles.core.workspace import write_bytes
    from threecircles.disclosure import extracts
    from threecircles.disclosure.preferences import excluded

    declared = extracts.load_spec(spec)
    _permitted(workspace, declared, actor, second)
    made = extracts.build(
        _read(table), declared, _key(workspace, declared.project), excluded(workspace, PURPOSE)
    )
    data = made.frame.write_csv().encode()
    write_bytes(out, data)
    extracts.note_built(workspace, declared.project, data)
    print(made.text())


def seal(
    extract: Annotated[
        Path, typer.Argument(metavar="EXTRACT.csv", help="What `extract build` made.")
    ],
    spec: Annotated[Path, typer.Option("--spec", metavar="SPEC.yaml")],
    to: Annotated[str, typer.Option(metavar="age1...", help="The recipient's public key.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.age")],
    workspace: Workspace = Path(),
    second: Second = "",
    actor: Actor = None,
) -> None:
    """Seal an extract to one recipient, with the day by which it is to be destroyed."""
    from threecircles.disclosure import extracts

    declared = extracts.load_spec(spec)
    _permitted(workspace, declared, actor, second)
    extracts.check_built(workspace, declared.project, extract.read_bytes())
    number = extracts.seal(_read(extract), declared, to, workspace, out)
    print(
        f"Extract {number}: sealed in {out.name}, to be returned or destroyed by {declared.keep_until.isoformat()}."
    )


def receipt(
    extract: Annotated[
        str, typer.Argument(metavar="EXTRACT", help="The id that `extract seal` gave.")
    ],
    what: Annotated[str, typer.Argument(metavar="returned|destroyed")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    workspace: Workspace = Path(),
) -> None:
    """Note that an extract was returned or destroyed."""
    from threecircles.core.errors import UsageError
    from threecircles.disclosure import extracts

    if what == "returned":
        print(extracts.receipt(workspace, extract, "returned", by))
    elif what == "destroyed":
        print(extracts.receipt(workspace, extract, "destroyed", by))
    else:
        raise UsageError("An extract is returned or destroyed.", found=what)


def overdue(workspace: Workspace = Path()) -> None:
    """Extracts whose term is over and whose receipt has not come; exit code 1 when there is one."""
    from datetime import UTC, datetime

    from threecircles.disclosure import extracts

    late = extracts.overdue(workspace, datetime.now(UTC).date())
    for number, project, until in late:
        print(f"{number}  {project}  was due by {until}")
    if late:
        raise typer.Exit(1)
    print("None is overdue.")


def show(workspace: Workspace = Path()) -> None:
    """Every budget, what is spent and left, and what epsilon means."""
    from threecircles.disclosure import budget

    found = budget.budgets(workspace)
    for b in found:
        left = (b.epsilon - b.spent) / budget.MILLION
        print(
            f"{b.dataset}, {b.audience}, {b.period}: epsilon {b.epsilon / budget.MILLION:g}, {left:g} left. {budget.words(b.epsilon / budget.MILLION)}"
        )
    if not found:
        print("No budget is set.")


def grant(
    dataset: str,
    epsilon: Annotated[str, typer.Option()],
    audience: Annotated[str, typer.Option()] = "public",
    period: Annotated[str, typer.Option()] = "2026",
    contributions: Annotated[int, typer.Option(min=1, help="The most rows one child adds.")] = 1,
    workspace: Workspace = Path(),
    actor: Actor = None,
) -> None:
    """Set the budget of a dataset, once; whoever looks after policies does."""
    from threecircles.cli.acting import acting
    from threecircles.disclosure import budget
    from threecircles.disclosure.permission import check_may

    check_may(
        "manage_policy", actor=acting(workspace, actor).person, purpose_id="audit", folder=workspace,
        resource_id=f"budget:{dataset}", detail={"epsilon": epsilon},
    )  # fmt: skip
    made = budget.grant(workspace, dataset, audience, period, epsilon, contributions)
    print(budget.words(made.epsilon / budget.MILLION))


def _permitted(workspace: Path, spec: ExtractSpec, actor: str | None, second: str) -> str:
    """Who takes rows out for the project, with another person beside them; see `applications`."""
    from threecircles.cli.acting import acting, second_person
    from threecircles.core.errors import UsageError
    from threecircles.disclosure.applications import check_may_take_out
    from threecircles.disclosure.people import same_human

    by, other = acting(workspace, actor, identifiable=True), second_person(workspace, second)
    if same_human(workspace, by.person.id, other):
        raise UsageError("The second person must be somebody else.")
    check_may_take_out(spec, workspace, actor=by.person, second=other, session_age=by.session_age)
    return by.person.id


def _key(workspace: Path, project: str) -> bytes:
    import hashlib

    from threecircles.core import keys
    from threecircles.core.workspace import open_workspace

    return hashlib.sha256(
        f"extract {project}".encode() + keys.read(open_workspace(workspace).id)
    ).digest()


def _read(path: Path):  # type: ignore[no-untyped-def]
    import polars as pl

    from threecircles.core.errors import UsageError

    if not path.exists():
        raise UsageError("There is no such file.", where=str(path))
    return (
        pl.read_parquet(path)
        if path.suffix == ".parquet"
        else pl.read_csv(path, infer_schema=False)
    )
