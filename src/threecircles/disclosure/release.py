"""The only maker of safe tables: without it nothing would stand between a child's row and a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

import polars as pl

from threecircles.core.errors import NotPermitted
from threecircles.core.tables import TableSpec

_TOKEN = object()


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class Safe:
    """A table that may be shown. Made only in this module; prints no row; does not pickle.

    frame: as the Measured it came from, hidden values null, plus `symbol` (text: "", "[c]" too few to
    show, "[x]" not available, "[z]" not applicable, "[low]" low base, "[u]" unknown).
    profile, profile_version: the disclosure profile it was made under. ledger_id: the release ledger
    it is written in ("" before it is released). suppressed: counts by kind: cells, primary,
    secondary, grouped (hidden for what they say of a whole group). rule: numerator and denominator
    rule in words. manifest: SHA-256 over frame and specification. expires: the last day it may be shown.
    """

    spec: TableSpec
    frame: pl.DataFrame
    profile: str
    profile_version: str
    ledger_id: str = ""
    suppressed: Mapping[str, int] = field(default_factory=dict)
    rule: str = ""
    interval_method: str = ""
    definitions: tuple[str, ...] = ()
    manifest: str = ""
    expires: date | None = None
    fictitious: bool = False
    token: object = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.token is not _TOKEN:
            raise NotPermitted(
                "A safe table is made only by disclosure.",
                mend="Hand the measured tables to disclosure: protect(tables) returns safe ones.",
            )
        object.__setattr__(self, "token", None)

    def __repr__(self) -> str:
        return f"Safe({self.spec.id}, {self.frame.shape}, profile={self.profile}@{self.profile_version})"

    def __reduce__(self) -> NoReturn:
        raise NotPermitted("A safe table is not pickled: write it into the workspace.")
