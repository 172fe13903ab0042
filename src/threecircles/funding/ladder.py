"""The legacy formula in decimal arithmetic: floats would lose the printed digits."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation, localcontext

from threecircles.core.errors import UsageError, did_you_mean
from threecircles.funding.formula import Formula, need_kind

DIVISOR = Decimal(10) ** 10
PLACES = Decimal(10) ** -14


def evaluate_ladder(formula: Formula, row: dict[str, str]) -> dict[str, str]:
    """The relative needs formula of one authority, to 14 places, with each top-up.

    row: texts by column, as in the printed sheet. Returns `rnf`, `basic` and `top_up.<indicator>`.
    Source: local government finance settlement, tables 3, 2008/09 and 2010/11.
    """
    need_kind(formula, "legacy_ladder")
    assert formula.ladder is not None
    ladder = formula.ladder
    with localcontext() as context:
        context.prec = 50
        top_ups = {
            t.indicator: Decimal(t.amount) * _number(row, t.indicator) for t in ladder.top_ups
        }
        a_head = Decimal(ladder.basic) + sum(top_ups.values())
        scaling = _number(row, ladder.scaling) if ladder.scaling in row else Decimal(ladder.scaling)
        rnf = (
            _number(row, ladder.population)
            * a_head
            * _number(row, ladder.area_cost)
            * scaling
            / DIVISOR
        )
        told = {f"top_up.{name}": f"{value.normalize():f}" for name, value in top_ups.items()}
        return {"rnf": f"{rnf.quantize(PLACES):f}", "basic": ladder.basic, **told}


def _number(row: dict[str, str], column: str) -> Decimal:
    if column not in row:
        raise UsageError(
            f"There is no column {column}.", found=", ".join(row), mend=did_you_mean(column, row)
        )
    text = (row[column] or "").replace(",", "").strip()
    try:
        made = Decimal(text)
    except InvalidOperation:
        made = Decimal("nan")
    if not made.is_finite():
        raise UsageError(f"{column} is not a number.", found=text or "nothing", allowed="a figure as printed, such as 14,553 or 0.0783")  # fmt: skip
    return made
