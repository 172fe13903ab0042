"""Two formulas or two fits named by files, compared: what `threecircles formula compare` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from threecircles.core.errors import UsageError
from threecircles.funding.evaluate import read_cells
from threecircles.funding.fit_file import load_spec
from threecircles.funding.formula import EffectRule, load_formula
from threecircles.funding.scenario import Compared, changed, compare, compare_shares
from threecircles.funding.shares import predict


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
) -> Compared:
    """Compare two SPEC.yaml (both fitted, paired jackknife), one SPEC.yaml with terms changed, or two formulas.

    Formulas need `inputs`, the cells. Raises UsageError when nothing differs or the files are of two kinds.
    """
    if _is_fit(base):
        first = load_spec(base)
        second = load_spec(other) if other is not None else first
        second = changed(second, swap=swap, drop=drop)
        if second == first:
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
        )
    if other is None or inputs is None:
        raise UsageError(
            "Two formulas need their cells.", mend="Give A.yaml B.yaml --inputs CELLS."
        )
    if swap or drop:
        raise UsageError("Only a fit can be changed.", mend="Give the SPEC.yaml of the fit.")
    cells = read_cells(inputs)
    shares = [
        predict(load_formula(f), cells, la=la, children=children, rule=rule) for f in (base, other)
    ]
    return compare_shares(shares[0].la, shares[0].share, shares[1].share, budget_pence)


def _is_fit(path: Path) -> bool:
    if not path.exists():
        raise UsageError("There is no such file.", where=str(path))
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise UsageError("The file is not YAML.", where=path.name) from None
    return isinstance(raw, dict) and "file" in raw
