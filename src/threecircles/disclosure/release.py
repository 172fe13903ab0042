"""The only maker of safe tables: without it nothing would stand between a child's row and a page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import polars as pl

from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.tables import Measured, TableSpec, spec_from_json
from threecircles.core.workspace import Workspace
from threecircles.disclosure import audit
from threecircles.disclosure.immigration import below_authority
from threecircles.disclosure.profiles import profile as find_profile

if TYPE_CHECKING:
    from threecircles.disclosure.protecting import Judged

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


def protect(
    tables: Sequence[Measured],
    profile: str = "la-default",
    *,
    workspace: Workspace | None = None,
    expires: date | None = None,
) -> list[Safe]:
    """Safe tables from measured ones, judged together: one fate for one cell on every page.

    profile: the place's profile, for tables that name none. Published figures of others are not
    hidden again. With a workspace, what its ledger shows is not hidden and what it hid stays hidden. A table that cannot be made safe beside the others is left out, and so is one that
    tells of immigration below an authority; with a workspace the audit log says which, and why. Raises UsageError when two tables bear one id.
    """
    ids = [t.spec.id for t in tables]
    if len(set(ids)) != len(ids):
        raise UsageError(
            "Two tables bear one id.", found=", ".join(sorted({i for i in ids if ids.count(i) > 1}))
        )
    # Solvers take a second to import, which a reader of Safe tables should not pay.
    from threecircles.disclosure.protecting import judge
    from threecircles.disclosure.told_before import Before, before

    rules = {name: find_profile(name) for name in {t.spec.profile or profile for t in tables}}
    never = below_authority(tables)
    tables = [t for t in tables if t.spec.id not in never]
    known = Before() if workspace is None else before(workspace, tables)
    judged, left_out = judge(tables, lambda spec: rules[spec.profile or profile], known)
    left_out |= never
    if workspace is not None:
        for table, reason in left_out.items():
            audit.append(
                workspace.path, actor="disclosure", action="make_safe", resource=f"table:{table}", purpose="audit",
                basis="art5_1_f", decision="deny", detail={"reason": reason},
            )  # fmt: skip
    fictitious = workspace is not None and workspace.fictitious
    return [_safe(j, fictitious, expires) for j in judged]


def _safe(judged: Judged, fictitious: bool, expires: date | None) -> Safe:
    rule = judged.profile
    return Safe(
        spec=judged.spec, frame=judged.frame, profile=rule.id if rule else "published",
        profile_version=rule.version if rule else "1", suppressed=judged.suppressed,
        rule=rule.rule() if rule else "Published by others, or no count of children: nothing is hidden.",
        definitions=judged.spec.definitions, manifest=manifest_of(judged.spec, judged.frame),
        fictitious=fictitious, expires=expires, token=_TOKEN,
    )  # fmt: skip


def manifest_of(spec: TableSpec, frame: pl.DataFrame) -> str:
    """SHA-256 over specification and every figure of a table."""
    digest = hashlib.sha256(json.dumps(asdict(spec), sort_keys=True, ensure_ascii=False).encode())
    digest.update(frame.write_csv(float_precision=12).encode())
    return digest.hexdigest()


def write_safe(tables: Sequence[Safe], folder: Path) -> None:
    """Write safe tables: `<id>.parquet` and `<id>.json` for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        table.frame.write_parquet(folder / f"{table.spec.id}.parquet", statistics=False)
        about = {
            f.name: getattr(table, f.name)
            for f in fields(table)
            if f.name not in ("frame", "spec", "token")
        }
        about |= {
            "spec": asdict(table.spec),
            "expires": table.expires.isoformat() if table.expires else None,
        }
        text = json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True)
        (folder / f"{table.spec.id}.json").write_text(text, encoding="utf-8")


def load_safe(folder: Path) -> list[Safe]:
    """Safe tables that write_safe wrote, in order of id: the only way back from disk.

    Raises NotPermitted when a file is not the one that disclosure wrote, or has expired.
    """
    return [_load_one(path) for path in sorted(folder.glob("*.json"))]


read_safe = load_safe


def _load_one(path: Path) -> Safe:
    about = json.loads(path.read_text(encoding="utf-8"))
    spec = spec_from_json(about.pop("spec"))
    frame = pl.read_parquet(path.with_suffix(".parquet"))
    if about["manifest"] != manifest_of(spec, frame):
        raise NotPermitted(
            "This is not the table that disclosure wrote.", where=path.with_suffix(".parquet").name,
            mend="Run the step disclosure.protect again; nobody edits its output.",
        )  # fmt: skip
    expires = date.fromisoformat(about["expires"]) if about["expires"] else None
    if expires is not None and expires < date.today():
        raise NotPermitted(
            "The permission to show this table has expired.",
            where=path.name,
            found=expires.isoformat(),
        )
    about |= {"definitions": tuple(about["definitions"]), "expires": expires}
    return Safe(spec=spec, frame=frame, token=_TOKEN, **about)
