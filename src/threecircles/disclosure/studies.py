"""The ethics gate: without it a survey, an effect or a new linkage would begin because it can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path

from threecircles.core.errors import NotPermitted, UsageError, did_you_mean
from threecircles.core.safety import Grant
from threecircles.core.workspace import Workspace, open_workspace
from threecircles.definitions import Definition, load
from threecircles.disclosure import audit, ethics, state
from threecircles.disclosure.ethics import EthicsRecord
from threecircles.disclosure.people import LOCAL_ROLES, accounts, person
from threecircles.disclosure.permission import GRANT_LASTS, check_may_read
from threecircles.disclosure.policy import Person
from threecircles.disclosure.purposes import purpose

POLICY = "ethics-gate"
"""How the audit log calls this gate."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of study: the commands, steps and routes that open it (patterns), and its purpose."""

    id: str
    label: str
    purpose: str
    commands: tuple[str, ...]
    steps: tuple[str, ...]
    routes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Commands, steps and routes (patterns) that open no study, and why."""

    reason: str
    commands: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Studies(Definition):
    """definitions/ethics/studies.yaml."""

    kinds: tuple[Kind, ...]
    outside: tuple[Outside, ...] = ()


def kinds() -> dict[str, Kind]:
    """The kinds of study, by id."""
    return {k.id: k for k in load("ethics/studies", Studies).kinds}


def kind_of(name: str, table: str) -> str:
    """The kind of study that a command, step or route opens, or "". table: commands, steps or routes."""
    for kind in kinds().values():
        if any(fnmatchcase(name, pattern) for pattern in getattr(kind, table)):
            return kind.id
    return ""


def outside_for(name: str, table: str) -> list[str]:
    """Why a command, step or route opens no study; empty when nobody has said so."""
    told = load("ethics/studies", Studies).outside
    return [o.reason for o in told if any(fnmatchcase(name, p) for p in getattr(o, table))]


def check_may_open_study(
    kind: str,
    study: str,
    *,
    workspace: Workspace | Path,
    tables: Sequence[str] = (),
    attributes: Sequence[str] = (),
    actor: Person | str | None = None,
    purpose_id: str | None = None,
    excluded: Iterable[str] = (),
) -> Grant:
    """A grant to open one study, or to go on with it; it carries the id of its ethics record.

    kind: survey, needs_audit, voice, service_form, effect, follow or link. study: its id, as the
    record names it. tables, attributes: what it will read, judged as every other reading.
    Raises NotPermitted naming the committee and the missing part; refused, missing and expired
    records, and conditions not met, are refused alike. The audit line is written first.
    """
    known = _kind(kind)
    folder, made_up = _place(workspace)
    who = actor if isinstance(actor, Person) else person(folder, actor)
    purposes = purpose(purpose_id or known.purpose).id
    record, problems = _record_for(kind, study, folder, made_up, purposes)
    _write(folder, who, "open_study", f"study:{kind}/{study}", purposes, not problems, record)
    if problems:
        raise _refusal(f"The study {study} ({known.label.lower()}) may not open.", problems, record)
    assert record is not None
    with state.state(folder) as kept:
        kept.execute(
            "INSERT INTO study_opened VALUES (?,?,?,?,?)",
            (kind, study, record.id, who.id, state.now()),
        )
    return _grant(who, purposes, folder, made_up, tables, attributes, record.id, excluded)


def check_may_link(
    sources: Iterable[str],
    purpose_id: str,
    *,
    workspace: Workspace | Path,
    actor: Person | str | None = None,
) -> Grant:
    """A grant to link sources (or a source and a study, written `study:ID`) for a purpose.

    Every pair must stand in an approved record of the kind link that names the purpose; a pair
    linked before under it needs no new one. Raises NotPermitted with the pairs that lack it.
    """
    folder, made_up = _place(workspace)
    who = actor if isinstance(actor, Person) else person(folder, actor)
    known = purpose(purpose_id)
    pairs = sorted(combinations(sorted(set(sources)), 2))
    used, problems = _cover(pairs, known.id, folder, made_up)
    names = "+".join(sorted(set(sources)))
    _write(folder, who, "link_sources", f"link:{names}", known.id, not problems, *used.values())
    if problems:
        raise _refusal(f"These sources may not be linked for {known.id}.", problems, None)
    with state.state(folder) as kept:
        kept.executemany(
            "INSERT OR IGNORE INTO link_made VALUES (?,?,?,?,?)",
            [(*pair, known.id, record.id, state.now()) for pair, record in used.items()],
        )
    ids = ",".join(sorted({r.id for r in used.values()}))
    return _grant(who, known.id, folder, made_up, (), (), ids or None, ())


def links_made(workspace: Path) -> list[tuple[str, str, str, str]]:
    """Every pair ever linked here: source, source, purpose, ethics record."""
    found = state.rows(
        workspace, "SELECT one, other, purpose, ethics_id FROM link_made ORDER BY 1,2,3"
    )
    return [(r["one"], r["other"], r["purpose"], r["ethics_id"]) for r in found]


def _kind(kind: str) -> Kind:
    known = kinds()
    if kind not in known:
        raise UsageError(
            "There is no such kind of study.",
            found=kind, allowed=", ".join(known), mend=did_you_mean(kind, known),
        )  # fmt: skip
    return known[kind]


def _place(workspace: Workspace | Path) -> tuple[Path, bool]:
    if isinstance(workspace, Workspace):
        return workspace.path, workspace.fictitious
    folder = Path(workspace)
    made_up = (folder / "workspace.json").exists() and open_workspace(folder).fictitious
    return folder, made_up


def _record_for(
    kind: str, study: str, folder: Path, made_up: bool, purpose_id: str
) -> tuple[EthicsRecord | None, list[str]]:
    if made_up:
        return ethics.shipped(), []
    local = ethics.local_committees(folder)
    best: tuple[EthicsRecord | None, list[str]] = (
        None,
        [f"no ethics record of the kind {kind} names the study {study}"],
    )
    for record in ethics.records(folder).values():
        if record.kind != kind or record.study != study:
            continue
        problems = ethics.faults(record, _today(), local)
        if record.purposes and purpose_id not in record.purposes:
            problems.append(f"the record does not cover the purpose {purpose_id}")
        if not problems:
            return record, []
        best = (record, problems)
    return best


def _cover(
    pairs: list[tuple[str, str]], purpose_id: str, folder: Path, made_up: bool
) -> tuple[dict[tuple[str, str], EthicsRecord], list[str]]:
    if made_up:
        return dict.fromkeys(pairs, ethics.shipped()), []
    local = ethics.local_committees(folder)
    known = [r for r in ethics.records(folder).values() if r.kind == "link"]
    used: dict[tuple[str, str], EthicsRecord] = {}
    problems: list[str] = []
    for pair in pairs:
        naming = [r for r in known if set(pair) <= set(r.sources) and purpose_id in r.purposes]
        told = [ethics.faults(r, _today(), local) for r in naming]
        good = next((r for r, f in zip(naming, told, strict=True) if not f), None)
        if good is not None:
            used[pair] = good
        elif naming:
            problems.append(f"{naming[0].id} ({_committee(naming[0])}): {'; '.join(told[0])}")
        else:
            problems.append(f"no ethics record covers {pair[0]} with {pair[1]}")
    return used, list(dict.fromkeys(problems))


def _grant(
    who: Person, purpose_id: str, folder: Path, made_up: bool, tables: Sequence[str],
    attributes: Sequence[str], ethics_id: str | None, excluded: Iterable[str],
) -> Grant:  # fmt: skip
    if tables:
        return check_may_read(
            purpose_id, tables=tables, attributes=attributes, actor=who, folder=folder,
            fictitious=made_up, ethics_id=ethics_id, excluded=excluded,
        )  # fmt: skip
    return Grant(
        purpose=purpose_id, actor=who.id, basis=",".join(purpose(purpose_id).lawful_basis),
        policies=(POLICY,), excluded=frozenset(excluded), expires=datetime.now(UTC) + GRANT_LASTS,
        ethics_id=ethics_id, fictitious=made_up,
    )  # fmt: skip


def _write(
    folder: Path, who: Person, action: str, resource: str, purpose_id: str, allowed: bool,
    *used: EthicsRecord | None,
) -> None:  # fmt: skip
    ids = sorted({r.id for r in used if r is not None})
    basis = ",".join(purpose(purpose_id).lawful_basis)
    if not accounts(folder) and who.roles == LOCAL_ROLES:
        basis += ";local-operator"
    audit.append(
        folder, actor=who.id, action=action, resource=resource, purpose=purpose_id, basis=basis,
        decision="allow" if allowed else "deny", policy=(POLICY,), detail={"ethics": ids},
    )  # fmt: skip


def _refusal(what: str, problems: list[str], record: EthicsRecord | None) -> NotPermitted:
    shown = problems[:6] + ([f"and {len(problems) - 6} more"] if len(problems) > 6 else [])
    return NotPermitted(
        what,
        found="; ".join(shown),
        allowed=f"an approved record of {_committee(record)}"
        if record
        else "an approved ethics record",
        mend="`threecircles ethics draft` writes a record to fill in; take it to your committee, put it in the folder ethics/.",
    )


def _committee(record: EthicsRecord) -> str:
    return record.committee or "the committee"


def _today() -> date:
    return datetime.now(UTC).date()
