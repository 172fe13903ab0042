"""A researcher's study run inside: the code comes to the data, and only checked tables go out."""

from __future__ import annotations

import builtins
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from threecircles.core.errors import NotPermitted, ThreeCirclesError, UsageError
from threecircles.core.workspace import write_bytes
from threecircles.disclosure import extracts, state, study_runner
from threecircles.disclosure.extracts import ExtractSpec
from threecircles.disclosure.protect_file import protect_file
from threecircles.disclosure.scan import Names, scan

DATA, OUTPUTS = "data.csv", "outputs"
SECONDS = 600
"""How long a study may take."""

LOG_LINES = 200
"""Lines of a log that go back to its author."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS study_tried (project TEXT, hash TEXT, at TEXT, PRIMARY KEY (project, hash))"


@dataclass(frozen=True)
class Ran:
    """A study's run. outputs: safe tables. report: what was hidden in them, in words. log: what its
    author may read; "" when it was withheld, for the reason in withheld. network: how it was kept away."""

    code: str
    outputs: tuple[Path, ...]
    report: str
    log: str
    withheld: str
    network: str

    def text(self) -> str:
        """The run in words, for its author."""
        lines = [f"Code {self.code[:12]} ran, {self.network}.", self.report]
        lines.append(
            f"The log is withheld: {self.withheld}" if self.withheld else f"Log:\n{self.log}"
        )
        return "\n".join(lines)


def try_on_dummy(workspace: Path, spec: ExtractSpec, code: Path, rows: int = 1000) -> str:
    """Run a study's code on rows with no child in them; returns its log. Only what ran so may run inside.

    Raises ThreeCirclesError with the log when it stops with an error or writes nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        log, _ = _run(code, extracts.dummy(spec, rows), Path(folder))
        _written(Path(folder))
    with state.state(workspace) as kept:
        kept.execute(_SCHEMA)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        kept.execute(
            "INSERT OR IGNORE INTO study_tried VALUES (?,?,?)", (spec.project, _hash(code), now)
        )
    return log


def run_inside(
    workspace: Path,
    spec: ExtractSpec,
    code: Path,
    frame: pl.DataFrame,
    *,
    key: bytes,
    names: Names,
    out: Path,
    profile: str = "research-7-5",
    excluded: Collection[str] = (),
) -> Ran:
    """Run a study's code on the real rows, and write safe copies of its tables into `out` for the desk.

    frame: one row a person; the study sees the declared columns only, under the project's pseudonyms.
    names: what must not stand in log or tables. excluded: person ids left out by objection. The caller
    has asked `applications.check_may_take_out`, and another person has read the code. Raises NotPermitted for code that was not tried on dummy data, and for outputs
    that name somebody, hold a row a person or cannot be made safe; then `out` is not written.
    """
    _check_tried(workspace, spec, code)
    if out.exists():
        raise UsageError(
            "The folder for the tables is there already.", where=out.name, mend="Name a new one."
        )
    data = extracts.declared_columns(frame, spec, key, excluded)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        log, network = _run(code, data, home)
        written = _written(home)
        _check_outputs(home / OUTPUTS, written, data, spec, names)
        safe = home / "safe"
        target = safe / written[0].name if len(written) == 1 else safe
        report = protect_file(written, profile, target).text()
        told, withheld = _log(log, data, spec, names, home / "log")
        shutil.copytree(safe, out)
    return Ran(_hash(code), tuple(sorted(out.iterdir())), report, told, withheld, network)


def _run(code: Path, data: pl.DataFrame, home: Path) -> tuple[str, str]:
    """What the code said, and how the network was kept from it."""
    (home / OUTPUTS).mkdir()
    data.write_csv(home / DATA)
    shutil.copyfile(code, home / "study.py")
    walls = _walls()
    command = [*walls, sys.executable, "-I", "-B", str(Path(study_runner.__file__)), "study.py"]
    try:
        done = subprocess.run(
            command, cwd=home, env={"PATH": "/usr/bin:/bin", "POLARS_MAX_THREADS": "1"}, capture_output=True,
            text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ThreeCirclesError(
            "The study took too long.", where=code.name, allowed=f"{SECONDS} seconds"
        ) from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1].partition(":")[0]
        # The message of an error, and a name that the code gave to one, can hold a value.
        kind = last if isinstance(getattr(builtins, last, None), type) else "an error of its own"
        raise ThreeCirclesError(
            "The study stopped with an error.", where=code.name, found=kind,
            mend="Run it on dummy data: `threecircles extract try`.",
        )  # fmt: skip
    return done.stdout + done.stderr, "without a network" if walls else "connections refused"


def _walls() -> list[str]:
    """A start in which there is no network, where the system has one."""
    program = shutil.which("unshare")
    if program is None:
        return []
    start = [program, "--user", "--map-root-user", "--net", "--"]
    tried = subprocess.run([*start, "true"], capture_output=True, check=False)
    return start if tried.returncode == 0 else []


def _written(home: Path) -> list[Path]:
    files = sorted(p for p in (home / OUTPUTS).rglob("*") if not p.is_dir())
    wrong = [p.name for p in files if p.suffix.lower() != ".csv" or p.is_symlink()]
    if wrong or not files:
        raise NotPermitted(
            "A study writes tables of counts as CSV, and nothing else.",
            found=", ".join(wrong) or "nothing", allowed=f"{OUTPUTS}/NAME.csv",
        )  # fmt: skip
    return files


def _check_outputs(
    folder: Path, files: Sequence[Path], data: pl.DataFrame, spec: ExtractSpec, names: Names
) -> None:
    named = scan(folder, names)
    persons = _pseudonyms(data, spec)
    rows = [f.name for f in files if any(p in f.read_text(encoding="utf-8") for p in persons)]
    if named or rows:
        raise NotPermitted(
            "The study's tables speak of single people.", where=", ".join([*(s.file for s in named), *rows][:5]),
            mend="Write counts of groups; no pseudonym, name or number of a person.",
        )  # fmt: skip


def _log(
    log: str, data: pl.DataFrame, spec: ExtractSpec, names: Names, folder: Path
) -> tuple[str, str]:
    """The log as its author may read it, or why not."""
    write_bytes(folder / "log.txt", log.encode())
    if scan(folder, names):
        return "", "it names a child"
    if any(p in log for p in _pseudonyms(data, spec)):
        return "", "it holds pseudonyms of people"
    if any(c.isdigit() for c in log):
        return "", "it holds figures, which go through the desk as tables"
    return "\n".join(log.splitlines()[:LOG_LINES]), ""


def _pseudonyms(data: pl.DataFrame, spec: ExtractSpec) -> set[str]:
    keys = [c.name for c in spec.columns if c.treat == "key"]
    return {str(v) for k in keys for v in data[k].drop_nulls().unique().to_list()}


def _check_tried(workspace: Path, spec: ExtractSpec, code: Path) -> None:
    with state.state(workspace) as kept:
        kept.execute(_SCHEMA)
        known = kept.execute(
            "SELECT 1 FROM study_tried WHERE project = ? AND hash = ?", (spec.project, _hash(code))
        ).fetchone()
    if known is None:
        raise NotPermitted(
            "This code has not run on dummy data.", where=code.name,
            mend="Run `threecircles extract try` with the same file first.",
        )  # fmt: skip


def _hash(code: Path) -> str:
    if not code.is_file():
        raise UsageError("There is no such file.", where=str(code))
    return hashlib.sha256(code.read_bytes()).hexdigest()
