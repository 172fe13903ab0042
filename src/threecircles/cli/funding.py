"""Commands of the room funding."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the group formula."""
    formula = typer.Typer(
        no_args_is_help=True, help="Relative-needs formulas: fit, evaluate, compare, explain."
    )
    formula.command()(fit)
    app.add_typer(formula, name="formula")


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
