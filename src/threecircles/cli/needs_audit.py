"""Commands of the audit of need and services: which case files are read, what they say, and how people group them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from threecircles.core.safety import Grant
    from threecircles.need.audit.form import Form
    from threecircles.need.audit.store import AuditStore

HERE = Path()
Study = Annotated[str, typer.Option(help="The audit, as its ethics record names it.")]
Workspace = Annotated[Path, typer.Option("--workspace", metavar="W", help="The workspace.")]


def register(app: typer.Typer) -> None:
    """Add the group needs-audit."""
    from threecircles.cli import needs_audit_cards

    group = typer.Typer(no_args_is_help=True, help="Reading case files to learn about need.")
    for command in (plan, form, code, agree, tables):
        group.command()(command)
    needs_audit_cards.register(group)
    app.add_typer(group, name="needs-audit")


def plan(
    frame: Annotated[
        Path,
        typer.Argument(
            metavar="FRAME",
            help="CSV of referrals: case, agency, area, age_band; person, where agencies are linked.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the plan.")],
    study: Study,
    size: Annotated[int, typer.Option(help="Cases to read.")] = 700,
    seed: Annotated[int, typer.Option(help="Recorded with the plan.")] = 1,
    how: Annotated[str, typer.Option(help="equal, proportional or neyman.")] = "proportional",
    floor: Annotated[int, typer.Option(help="At least so many of each stratum.")] = 0,
    workspace: Workspace = HERE,
) -> None:
    """Draw the cases of an audit, with chances, weights and the list of who replaces whom."""
    import polars as pl

    from threecircles.core.errors import UsageError
    from threecircles.disclosure.studies import check_may_link, check_may_open_study
    from threecircles.need.audit.store import AuditStore
    from threecircles.need.audit_plan import STRATA, draw, one_line_a_child

    if how not in ("equal", "proportional", "neyman"):
        raise UsageError(
            "There is no such way to share out cases.",
            found=how,
            allowed="equal, proportional, neyman",
        )
    grant = check_may_open_study("needs_audit", study, workspace=workspace)
    referrals = pl.read_csv(frame, infer_schema=False)
    absent = [c for c in ("case", *STRATA) if c not in referrals.columns]
    if absent:
        raise UsageError(
            f"The frame lacks the column {absent[0]}.",
            where=frame.name,
            found=", ".join(referrals.columns),
        )
    if "person" in referrals.columns:
        agencies = sorted(referrals["agency"].drop_nulls().unique())
        linked = check_may_link(agencies, "evaluation", workspace=workspace)
        referrals = one_line_a_child(referrals, linked)
    made = draw(referrals, size, seed, grant, how=how, floor=floor)  # type: ignore[arg-type]
    store = AuditStore(workspace, study, create=True)
    store.keep_plan(
        made.cases, {"seed": made.seed, "ethics": made.ethics_id, "form": "standard", "how": how}
    )
    out.mkdir(parents=True, exist_ok=True)
    made.cases.write_csv(out / "cases.csv")
    made.replacements.write_csv(out / "replacements.csv")
    made.agency_n.write_csv(out / "agencies.csv")
    for row in made.agency_n.iter_rows(named=True):
        typer.echo(
            f"{row['agency']}: {row['cases']} cases, a share of 24% to within {100 * row['half_width']:.1f} points"
        )
    typer.echo(f"Seed {made.seed}; ethics decision {made.ethics_id}; plan in {out}")


def form(
    study: Study,
    out: Annotated[Path, typer.Option("--out", help="Folder for the forms.")],
    workspace: Workspace = HERE,
) -> None:
    """Write the form of each agency as CSV and workbook; `serve` has the same form as pages under /needs-audit."""
    from threecircles.need.audit.files import write_forms
    from threecircles.need.audit.form import form as form_of

    store, grant = opened(workspace, study)
    name = str(store.settings()["form"])
    forms = {
        str(agency): (form_of(name, str(agency)), part["case"].to_list())
        for (agency,), part in store.cases().group_by("agency", maintain_order=True)
    }
    for path in write_forms(forms, out, grant):
        typer.echo(f"{path}")


def code(
    study: Study,
    coder: Annotated[str, typer.Option(help="Who read the cases of the file.")] = "",
    bring: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A filled form, CSV or workbook.")
    ] = None,
    settle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of a third reader: case, field, value."),
    ] = None,
    seed: Annotated[int, typer.Option(help="For the cases that are read twice.")] = 1,
    workspace: Workspace = HERE,
) -> None:
    """Take in filled forms, name the cases read twice, and list what a third has to settle."""
    import polars as pl

    from threecircles.core.errors import UsageError
    from threecircles.need.audit import coding
    from threecircles.need.audit.files import take_in

    store, grant = opened(workspace, study)
    known = form_in(store)
    twice = coding.draw_twice(store, grant, seed)
    if (bring or settle) and not coder:
        raise UsageError("Say who read the cases.", mend="Add --coder NAME (no child's name).")
    if bring is not None:
        kept = take_in(store, known, bring, coder, grant)
        typer.echo(f"{len(kept)} cases of {coder} kept, {sum(kept.values())} answers new or changed.")  # fmt: skip
    if settle is not None:
        rows = pl.read_csv(settle, infer_schema=False)
        absent = [c for c in ("case", "field", "value") if c not in rows.columns]
        if absent:
            raise UsageError(f"The file lacks the column {absent[0]}.", where=settle.name, found=", ".join(rows.columns))  # fmt: skip
        for case, field, value in rows.select("case", "field", "value").iter_rows():
            coding.settle(store, known, case or "", field or "", value or "", coder, grant)
        typer.echo(f"{rows.height} disagreements settled.")
    waiting = coding.disagreements(store, known)
    names = store.cases().filter(pl.col("number").is_in(twice))["case"].to_list()
    (store.folder / "read-twice.csv").write_text("case\n" + "\n".join(names) + "\n")
    waiting.write_csv(store.folder / "to-settle.csv")
    for row in coding.progress(store).iter_rows(named=True):
        typer.echo(f"{row['coder']}: {row['opened']} cases opened, {row['done']} done")
    typer.echo(f"{len(twice)} cases are read twice; {waiting.height} answers wait for a third reader. Lists in {store.folder}")  # fmt: skip


def agree(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="CSV: field, case, coder_1, coder_2; left out, the audit's own codes.",
        ),
    ] = None,
    study: Study = "",
    workspace: Workspace = HERE,
) -> None:
    """How far two readers agree, field by field; below .60 marked, below .40 not reported."""
    import polars as pl

    from threecircles.core.agreement import agreement
    from threecircles.core.errors import UsageError
    from threecircles.disclosure.studies import check_may_open_study
    from threecircles.need.audit import coding

    check_may_open_study("needs_audit", study, workspace=workspace)
    if file is None:
        store, _ = opened(workspace, study)
        found = coding.agreements(store, form_in(store))
    else:
        rows = pl.read_csv(file, infer_schema=False)
        absent = [c for c in ("field", "coder_1", "coder_2") if c not in rows.columns]
        if absent:
            raise UsageError(f"The file lacks the column {absent[0]}.", where=file.name, found=", ".join(rows.columns))  # fmt: skip
        parts = rows.group_by("field", maintain_order=True)
        found = [
            coding.judged(
                str(field), agreement(part["coder_1"].to_list(), part["coder_2"].to_list())
            )
            for (field,), part in parts
        ]
    for item in found:
        if item.told is None:
            typer.echo(f"{item.code}: fewer than 2 cases that both read")
            continue
        told = item.told
        typer.echo(
            f"{item.code}: {told.cases} cases, {100 * told.observed:.0f}% alike, kappa {told.kappa:.2f}, "
            f"alpha {told.alpha:.2f} ({told.low:.2f}-{told.high:.2f}): {item.verdict}"
        )


def tables(
    study: Study,
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables.")],
    period: Annotated[str, typer.Option(help="In words, such as 'year ending March 2026'.")] = "",
    beside: Annotated[
        Path | None,
        typer.Option(metavar="ALL.csv", help="The same exercise elsewhere, as this command wrote it there."),
    ] = None,
    workspace: Workspace = HERE,
) -> None:  # fmt: skip
    """Tables t1 to t12 with weights and intervals, made safe together; fields that readers disagree on are left out."""
    import polars as pl

    from threecircles.cli.audit_words import write_safe_tables
    from threecircles.core.workspace import open_workspace
    from threecircles.need.audit import coding
    from threecircles.need.audit.beside import beside as laid_beside
    from threecircles.need.audit.tables import audit_tables

    store, grant = opened(workspace, study)
    known = form_in(store)
    coded = coding.settled_codes(store, known)
    verdicts = {a.code: a.verdict for a in coding.agreements(store, known)}
    measured = [
        t for t in audit_tables(coded, known, study, period or "the period of the plan", grant)
        if verdicts.get(t.spec.dimensions[1].column) != "not reported"
    ]  # fmt: skip
    told = write_safe_tables(measured, open_workspace(workspace), out)
    hidden = told.filter(pl.col("symbol") == "[c]").height
    typer.echo(f"{coded.height} cases read; {len(measured)} questions, {told.height} figures, {hidden} hidden: {out}")  # fmt: skip
    left = sorted(c for c, v in verdicts.items() if v == "not reported")
    if left:
        typer.echo(f"Not reported, since two readers agree too little: {', '.join(left)}")
    marked = sorted(c for c, v in verdicts.items() if v == "marked")
    if marked:
        typer.echo(f"To be read with care, since two readers agree only somewhat: {', '.join(marked)}")  # fmt: skip
    if beside is not None:
        laid_beside(told, pl.read_csv(beside, infer_schema=False), beside.name).write_csv(
            out / "t12.csv", float_precision=1
        )
        typer.echo(f"Beside the other exercise: {out / 't12.csv'}")


def opened(workspace: Path, study: str) -> tuple[AuditStore, Grant]:
    """The gate first: nothing is looked up before the committee's decision stands."""
    from threecircles.disclosure.studies import check_may_open_study
    from threecircles.need.audit.store import AuditStore

    grant = check_may_open_study("needs_audit", study, workspace=workspace)
    return AuditStore(workspace, study), grant


def form_in(store: AuditStore) -> Form:
    """The form that the audit's cases are read with."""
    from threecircles.need.audit.form import form as form_of

    return form_of(str(store.settings()["form"]))
