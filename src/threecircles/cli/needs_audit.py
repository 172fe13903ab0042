"""Commands of the audit of need and services: which case files are read, and how far two readers agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group needs-audit."""
    group = typer.Typer(no_args_is_help=True, help="Reading case files to learn about need.")
    for command in (plan, agree):
        group.command()(command)
    app.add_typer(group, name="needs-audit")


def plan(
    frame: Annotated[
        Path,
        typer.Argument(metavar="FRAME", help="CSV of referrals: case, agency, area, age_band."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the plan.")],
    study: Annotated[str, typer.Option(help="The audit, as its ethics record names it.")],
    size: Annotated[int, typer.Option(help="Cases to read.")] = 700,
    seed: Annotated[int, typer.Option(help="Recorded with the plan.")] = 1,
    how: Annotated[str, typer.Option(help="equal, proportional or neyman.")] = "proportional",
    floor: Annotated[int, typer.Option(help="At least so many of each stratum.")] = 0,
    workspace: Annotated[
        Path, typer.Option("--workspace", metavar="W", help="The workspace.")
    ] = Path(),
) -> None:
    """Draw the cases of an audit, with chances, weights and the list of who replaces whom."""
    import polars as pl

    from threecircles.core.errors import UsageError
    from threecircles.disclosure.studies import check_may_open_study
    from threecircles.need.audit_plan import STRATA, draw

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
    made = draw(referrals, size, seed, grant, how=how, floor=floor)  # type: ignore[arg-type]
    out.mkdir(parents=True, exist_ok=True)
    made.cases.write_csv(out / "cases.csv")
    made.replacements.write_csv(out / "replacements.csv")
    made.agency_n.write_csv(out / "agencies.csv")
    for row in made.agency_n.iter_rows(named=True):
        typer.echo(
            f"{row['agency']}: {row['cases']} cases, a share of 24% to within {100 * row['half_width']:.1f} points"
        )
    typer.echo(f"Seed {made.seed}; ethics decision {made.ethics_id}; plan in {out}")


def agree(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: field, case, coder_1, coder_2.")
    ],
    study: Annotated[str, typer.Option(help="The study, as its ethics record names it.")],
    workspace: Annotated[
        Path, typer.Option("--workspace", metavar="W", help="The workspace.")
    ] = Path(),
) -> None:
    """How far two readers agree, field by field; below .60 marked, below .40 not reported."""
    import polars as pl

    from threecircles.core.agreement import agreement
    from threecircles.disclosure.studies import check_may_open_study

    check_may_open_study("needs_audit", study, workspace=workspace)
    rows = pl.read_csv(file, infer_schema=False)
    for (field,), part in rows.group_by("field", maintain_order=True):
        told = agreement(part["coder_1"].to_list(), part["coder_2"].to_list())
        verdict = "not reported" if told.alpha < 0.40 else "marked" if told.alpha < 0.60 else "good"
        typer.echo(
            f"{field}: {told.cases} cases, {100 * told.observed:.0f}% alike, kappa {told.kappa:.2f}, "
            f"alpha {told.alpha:.2f} ({told.low:.2f}-{told.high:.2f}): {verdict}"
        )
