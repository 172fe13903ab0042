"""Commands of the room funding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the groups formula and spend."""
    formula = typer.Typer(
        no_args_is_help=True, help="Relative-needs formulas: fit, evaluate, compare, explain."
    )
    formula.command()(fit)
    formula.command()(evaluate)
    formula.command()(check)
    app.add_typer(formula, name="formula")
    spend = typer.Typer(
        no_args_is_help=True,
        help="What is spent: read a section 251 file, set publications beside it.",
    )
    spend.command("read")(read_spend)
    spend.command()(reconcile)
    app.add_typer(spend, name="spend")


def fit(
    spec: Annotated[
        Path,
        typer.Argument(metavar="SPEC.yaml", help="Names file, outcome, terms, groups and family."),
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the fit here (- = screen).")
    ] = None,
) -> None:
    """Fit nested random intercepts (children in areas in authorities) by Laplace maximum likelihood."""
    import json
    import sys

    from threecircles.funding.fit_file import fit_file

    if out is not None and str(out) == "-":
        json.dump(fit_file(spec).as_dict(), sys.stdout, indent=1)
        return
    fitted = fit_file(spec, out)
    print(
        f"log-likelihood {fitted.log_likelihood:,.6f}; {fitted.rows:,} rows in {fitted.cells:,} cells"
    )
    width = max(map(len, fitted.coefficients))
    for name, value in fitted.coefficients.items():
        print(f"  {name:<{width}}  {value:>10.6f}  (se {fitted.standard_errors[name]:.6f})")
    for level, sd in fitted.sds.items():
        print(
            f"  sd {level}: {sd:.6f}"
            + (" (at the boundary)" if level in fitted.at_boundary else "")
        )
    for warning in fitted.warnings:
        print(f"Note: {warning}")


def evaluate(
    formula: Annotated[
        Path,
        typer.Argument(metavar="FORMULA.yaml", help="A published, fitted or fictitious formula."),
    ],
    inputs: Annotated[
        Path, typer.Option("--inputs", help="CSV or Parquet of the formula's terms.")
    ],
    out: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the result here.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="at_zero or marginal; else what the formula says.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Pounds to share, to the penny.")] = None,
) -> None:
    """Apply a formula without fitting anything."""
    import json

    from threecircles.core.errors import UsageError
    from threecircles.core.workspace import write_bytes
    from threecircles.funding.evaluate import evaluate as apply

    if rule not in (None, "at_zero", "marginal"):
        raise UsageError("The rule is not known.", found=str(rule), allowed="at_zero, marginal")
    pence = round(budget * 100) if budget is not None else None
    rows = apply(formula, inputs, rule=rule, budget_pence=pence)  # type: ignore[arg-type]
    text = json.dumps(rows, indent=1)
    if out is not None:
        write_bytes(out, text.encode())
    print(text if out is None else f"Wrote {len(rows)} authorities to {out}")


def check(
    formula: Annotated[Path, typer.Argument(metavar="FORMULA.yaml")],
) -> None:
    """Read a formula file and say what it holds; a fault is named with its line."""
    from threecircles.funding.formula import load_formula

    read = load_formula(formula)
    print(f"{read.label} ({read.kind}, {read.status}). Source: {read.source}")
    for outcome in read.outcomes:
        print(f"  {outcome.id}: {len(outcome.terms)} terms, weight {outcome.cost_weight:g}")


def read_spend(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="Section 251 Table A1 files.")
    ],
    la: Annotated[str, typer.Option(help="The authority's nine-character ONS code.")],
    year: Annotated[int, typer.Option(help="The financial year ending 31 March.")],
) -> None:
    """Read spend lines, check their sums, and list what does not add up."""
    from threecircles.funding import spend, spend_show

    print(spend_show.spend_text(spend.read_spend(files, la_code=la, year=year)))


def reconcile(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="Section 251 Table A1 files.")
    ],
    la: Annotated[str, typer.Option(help="The authority's nine-character ONS code.")],
    year: Annotated[int, typer.Option(help="The financial year ending 31 March.")],
    data: Annotated[Path, typer.Option(help="The folder of published files.")],
) -> None:
    """Set section 251, revenue outturn and the published tool beside each other, with known reasons."""
    from threecircles.funding import spend, spend_show
    from threecircles.funding.spend_reconcile import reconcile as beside

    lines = spend.read_spend(files, la_code=la, year=year).lines
    print(spend_show.reconciliation_text(beside(lines, data, la, year)))
