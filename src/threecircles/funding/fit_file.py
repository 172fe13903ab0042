"""A fit asked for in a file: without it only programmers could road-test a formula."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError
from threecircles.core.multilevel import Fit, fit
from threecircles.core.workspace import write_bytes
from threecircles.definitions import load_text


@dataclass(frozen=True, kw_only=True)
class FitSpec:
    """SPEC.yaml of `threecircles formula fit`.

    file: CSV or Parquet of children or of cells, relative to SPEC. outcome: events; trials: children of
    a cell (absent: one child a row). groups: columns from small to large (area, authority).
    exposure: Poisson only. reference: categorical term -> its reference value.
    """

    file: str
    outcome: str
    family: Literal["binomial", "poisson"] = "binomial"
    trials: str | None = None
    categorical: list[str] = field(default_factory=list)
    numeric: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    exposure: str | None = None
    offset: str | None = None
    reference: dict[str, str] = field(default_factory=dict)
    penalty: float = 0.0


def fit_file(spec: Path, out: Path | None = None) -> Fit:
    """Fit what SPEC.yaml asks for; write the result as JSON when `out` is named.

    Raises an error naming file, field or column.
    """
    if not spec.exists():
        raise UsageError("There is no such file.", where=str(spec))
    asked = load_text(spec.read_text(encoding="utf-8"), FitSpec, where=spec.name)
    settings: dict[str, Any] = {k: v for k, v in asked.__dict__.items() if k != "file"}
    fitted = fit(read_table(spec.parent / asked.file), **settings)
    if out is not None:
        write_bytes(out, json.dumps(fitted.as_dict(), indent=1, allow_nan=False).encode())
    return fitted


def read_table(path: Path) -> pl.DataFrame:
    """A CSV or Parquet file as a table; numbers are recognised over the whole file."""
    if not path.exists():
        raise UsageError("The data file is not there.", where=str(path))
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise ThreeCirclesError(
            "The data file cannot be read.", where=path.name, found=str(error).splitlines()[0]
        ) from None
