"""Two formulas or two fits named by files, compared: what `threecircles formula compare` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from threecircles.core.errors import UsageError
from threecircles.funding.evaluate import read_cells
from threecircles.funding.fit_file import load_spec
from threecircles.funding.formula import EffectRule, Formula, load_formula
from threecircles.funding.scenario import Compared, changed, compare, compare_shares
from threecircles.funding.shares import predict
from threecircles.funding.vintage import Vintage, carried_name


def compare_files(
    base: Path,
    other: Path | None,
    *,
    swap: Mapping[str, str] | None = None,
    drop: Sequence[str] = (),
    inputs: Path | None = None,
    rule: EffectRule | None = None,
    budget_pence: int | None = None,
    la: str = "la",
    children: str = "n",
    intervals: bool = True,
    change: Mapping[str, str] | None = None,
    vintage: Vintage | None = None,
) -> Compared:
    """Compare two SPEC.yaml (both fitted, paired jackknife), one SPEC.yaml with terms changed, or two formulas.

    vintage: a fit beside itself with one term in another vintage. Formulas need `inputs`, the cells. change: one formula beside itself with effect_rule=at_zero or marginal,
    layer_off=area_cost, cost.OUTCOME=WEIGHT. Raises UsageError when nothing differs or the files are of two kinds.
    """
    if _is_fit(base):
        if change:
            raise UsageError(
                "A change of rule, layer or cost is for a formula.",
                mend="Write the fit as a formula first: formula fit SPEC.yaml --out FORMULA.yaml",
            )
        first = load_spec(base)
        second = load_spec(other) if other is not None else first
        if vintage is not None:
            swap = {**(swap or {}), vintage.term: carried_name(vintage.term)}
        nothing_asked = other is None and not swap and not drop
        second = changed(second, swap=swap, drop=drop)
        if nothing_asked or second == first:
            raise UsageError(
                "Both are the same fit.", mend="Name a second file, or --swap a=b or --drop a."
            )
        if second.file != first.file:
            raise UsageError(
                "The two fits are of different files.", found=f"{first.file}, {second.file}"
            )
        second = replace(second, id=second.id or "b")
        return compare(
            first,
            second,
            rule=rule or "at_zero",
            budget_pence=budget_pence,
            intervals=intervals,
            vintage=vintage,
        )
    if inputs is None or (other is None and not change):
        raise UsageError(
            "Two formulas need their cells.",
            mend="Give A.yaml B.yaml --inputs CELLS, or A.yaml --change effect_rule=at_zero --inputs CELLS.",
        )
    if swap or drop or vintage:
        raise UsageError("Only a fit can be changed so.", mend="Give the SPEC.yaml of the fit.")
    formulas = [load_formula(base), load_formula(other or base)]
    cells = read_cells(inputs, *formulas, la=la, children=children)
    if change:
        formulas[1] = _changed(formulas[1], change)
    rules = [rule, None if change and "effect_rule" in change else rule]
    shares = [
        predict(f, cells, la=la, children=children, rule=r, area_cost=f.area_cost or None)
        for f, r in zip(formulas, rules, strict=True)
    ]
    return compare_shares(shares[0].la, shares[0].share, shares[1].share, budget_pence)


def _changed(formula: Formula, change: Mapping[str, str]) -> Formula:
    """A formula with a rule, a layer or a cost weight changed. Raises UsageError for what it does not have."""
    for name, value in change.items():
        weight = name.removeprefix("cost.")
        known = [o.id for o in formula.outcomes]
        if name == "effect_rule" and value in ("at_zero", "marginal"):
            formula = replace(formula, effect_rule="at_zero" if value == "at_zero" else "marginal")
        elif name == "layer_off" and value == "area_cost":
            formula = replace(formula, area_cost={})
        elif name.startswith("cost.") and weight in known and _number(value) is not None:
            outcomes = [
                replace(o, cost_weight=_number(value) or 0.0) if o.id == weight else o
                for o in formula.outcomes
            ]
            formula = replace(formula, outcomes=outcomes)
        else:
            raise UsageError(
                "This cannot be changed.", found=f"{name}={value}",
                allowed="effect_rule=at_zero, effect_rule=marginal, layer_off=area_cost, "
                + ", ".join(f"cost.{o}=WEIGHT" for o in known),
            )  # fmt: skip
    return formula


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _is_fit(path: Path) -> bool:
    if not path.exists():
        raise UsageError("There is no such file.", where=str(path))
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError("The file is not YAML.", where=path.name) from None
    return isinstance(raw, dict) and "file" in raw
