"""Commands of the room funding: formula, spend and cost."""

from __future__ import annotations

import typer

from threecircles.cli import cost, formula, spend


def register(app: typer.Typer) -> None:
    """Add the groups formula, spend and cost."""
    formula.register(app)
    spend.register(app)
    cost.register(app)
