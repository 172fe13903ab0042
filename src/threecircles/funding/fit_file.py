"""A fit asked for in a file: without it only programmers could road-test a formula."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from threecircles.core.errors import ThreeCirclesError, UsageError, did_you_mean
from threecircles.core.multilevel import Fit, fit
from threecircles.core.workspace import write_bytes
from threecircles.definitions import load_text

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods")


@dataclass(frozen=True, kw_only=True)
class FitSpec:
    """SPEC.yaml of `threecircles formula fit`.

    file: CSV or Parquet of children or of cells, relative to SPEC. outcome: events; trials: children of
    a cell (absent: one child a row). groups: columns from small to large (area, authority).
    exposure: Poisson only; its log is added to the predictor. offset: a column added as it is.
    reference: categorical term -> its reference value. penalty: precision of a normal prior on the
    slopes (0.01 = sd 10), for separated outcomes. cost: pounds a child, fitted in two parts (the outcome is
    then any cost, and its column is made). id, label, cost_weight: for the formula that is written.
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
    reference: dict[str, str | int | float | bool] = field(default_factory=dict)
    penalty: float = 0.0
    cost: str | None = None
    id: str = ""
    label: str = ""
    cost_weight: float = 1.0

    def columns(self) -> list[str]:
        """Every column the fit needs."""
        outcome = None if self.cost else self.outcome
        named = [outcome, self.trials, self.exposure, self.offset]
        every = [n for n in named if n] + [*self.categorical, *self.numeric, *self.groups]
        return list(dict.fromkeys(every))

    def terms(self) -> dict[str, Any]:
        """What `fit` and `problem` are called with."""
        names = (
            "outcome",
            "family",
            "trials",
            "categorical",
            "numeric",
            "groups",
            "exposure",
            "offset",
        )
        return {n: getattr(self, n) for n in names} | {
            "reference": {k: _label(v) for k, v in self.reference.items()}
        }


def _label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def load_spec(spec: Path) -> FitSpec:
    """Read SPEC.yaml; its file is found beside it, or from where the command is run.

    Raises an error naming file, line and field.
    """
    if not spec.exists():
        raise UsageError("There is no such file.", where=str(spec))
    try:
        text = spec.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, IsADirectoryError):
        raise UsageError("The file is not a text.", where=spec.name) from None
    asked = load_text(text, FitSpec, where=spec.name)
    beside = spec.parent / asked.file
    return replace(asked, file=str(beside if beside.exists() else Path(asked.file)))


def names_received(spec: Path) -> bool:
    """True when SPEC.yaml names what authorities sent (`received:`) instead of one file."""
    if not spec.is_file():
        return False
    lines = spec.read_bytes().decode("utf-8-sig", "replace").splitlines()
    return any(line.startswith("received:") for line in lines)


def fit_file(spec: Path, out: Path | None = None) -> Fit:
    """Fit what SPEC.yaml asks for; write the result as JSON when `out` is named.

    Raises an error naming file, field or column.
    """
    asked = load_spec(spec)
    with naming(asked.file):
        fitted = fit(
            read_table(Path(asked.file), asked.columns()), **asked.terms(), penalty=asked.penalty
        )
    if out is not None:
        write_bytes(out, json.dumps(fitted.as_dict(), indent=1, allow_nan=False).encode())
    return fitted


@contextmanager
def naming(file: str) -> Iterator[None]:
    """Put the file's name before what is refused in it, where the fault names only rows or nothing."""
    try:
        yield
    except UsageError as refused:
        name = Path(file).name
        if name in refused.where:
            raise
        where = f"{name}, {refused.where}" if refused.where else name
        raise UsageError(
            refused.what, where=where, found=refused.found, allowed=refused.allowed, mend=refused.mend
        ) from None  # fmt: skip


def read_table(path: Path, columns: Sequence[str] = ()) -> pl.DataFrame:
    """A CSV (parted by commas, semicolons or tabs) or Parquet file as a table; numbers are recognised over
    the whole file.

    columns: only these are read. Raises an error naming the file, or the column it lacks.
    """
    if not path.is_file():
        raise UsageError("The data file is not there.", where=str(path), mend="A name is looked for beside the specification, then where the command runs.")  # fmt: skip
    if path.suffix.lower() in WORKBOOKS:
        raise UsageError("A workbook is not read here.", where=path.name, allowed="CSV or Parquet", mend="Save the sheet as CSV UTF-8.")  # fmt: skip
    try:
        scan = (
            pl.scan_parquet(path)
            if path.suffix.lower() in (".parquet", ".pq")
            else pl.scan_csv(path, infer_schema_length=None, separator=_separator(path))
        )
        known = scan.collect_schema().names()
        for name in columns:
            if name not in known:
                raise UsageError(
                    f"There is no column {name}.", where=path.name, found=", ".join(known[:40]),
                    mend=did_you_mean(name, known),
                )  # fmt: skip
        return (scan.select(columns) if columns else scan).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ThreeCirclesError(
            "The data file cannot be read.", where=path.name, found=str(error).splitlines()[0]
        ) from None


def _separator(path: Path) -> str:
    """What parts the columns, by the headings. Raises UsageError for a file that is not UTF-8."""
    with path.open("rb") as file:
        line = file.readline(1 << 16)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("The headings are not UTF-8.", where=path.name, mend="Save the file as CSV UTF-8.") from None  # fmt: skip
    return max(",;\t", key=lambda sign: (text.count(sign), sign == ","))


def file_hash(path: Path) -> str:
    """SHA-256 of a file, so that a fitted formula says which data it is of."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
