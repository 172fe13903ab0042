"""A run does what has to be done, once, and never shows anything half-written."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import polars as pl
import pytest

from threecircles.core import lineage, manifest
from threecircles.core.engines import engine
from threecircles.core.errors import NotPermitted, UsageError
from threecircles.core.run import Runner
from threecircles.core.safety import Grant, Sensitive
from threecircles.core.steps import Step, in_order
from threecircles.core.workspace import create, open_workspace


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))


def received(files_dir: Path):
    return lambda: pl.read_csv(files_dir / "a.csv")


def double(frame):
    import narwhals as nw

    return frame.with_columns(x2=nw.col("x") * 2)


def total(frame, *, factor=1):
    import narwhals as nw

    return frame.select(total=nw.col("x2").sum() * factor)


def summed(files):
    return pl.DataFrame({"total": [pl.read_csv(f)["x"].sum() for f in files.values()]})


def make_steps(folder, factor=1):
    return [
        Step(
            name="total",
            function=total,
            reads=("record.b",),
            writes=("need.total",),
            params={"factor": factor},
        ),
        Step(
            name="double",
            function=double,
            reads=("sources.a",),
            writes=("record.b",),
            side="crossing",
        ),
        Step(
            name="read",
            function=received(folder),
            writes=("sources.a",),
            files=(folder / "a.csv",),
            side="identity",
        ),
    ]


def runner(workspace, steps, **more):
    quiet = {"say": lambda text: None, **more}
    return Runner(open_workspace(workspace, "identity"), steps, engine("duckdb"), {}, **quiet)


@pytest.fixture
def place(tmp_path, keys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x\n1\n2\n")
    create(tmp_path / "w")
    return tmp_path


def test_steps_run_in_order_of_what_they_read():
    steps = make_steps(Path("in"))
    assert [s.name for s in in_order(steps)] == ["read", "double", "total"]


def test_an_unchanged_rerun_runs_nothing_and_a_change_runs_what_depends_on_it(place):
    """spine S2: a changed file redoes only what depends on it."""
    first = runner(place / "w", make_steps(place / "in"))
    assert first.run() == ["read", "double", "total"]
    assert first.table("need.total")["total"].to_list() == [6]
    assert runner(place / "w", make_steps(place / "in")).run() == []
    assert runner(place / "w", make_steps(place / "in", factor=10)).run() == ["total"]
    (place / "in" / "a.csv").write_text("x\n1\n3\n")
    planned = {p.step.name: p.reason for p in runner(place / "w", make_steps(place / "in")).plan()}
    assert planned["read"] == "file changed: a.csv"
    assert planned["total"] == "depends on double"


def test_a_file_among_the_settings_counts_by_what_it_says_and_not_by_where_it_lies(tmp_path, keys):
    create(tmp_path / "w")

    def ran_with(file, text):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        step = Step(
            name="sum", function=summed, writes=("need.sum",), params={"files": {"a": file}}
        )
        return runner(tmp_path / "w", [step]).run()

    assert ran_with(tmp_path / "here" / "x.csv", "x\n1\n") == ["sum"]
    assert ran_with(tmp_path / "there" / "x.csv", "x\n1\n") == []
    assert ran_with(tmp_path / "there" / "x.csv", "x\n22\n") == ["sum"]


def test_equal_output_stops_the_chain(place):
    runner(place / "w", make_steps(place / "in")).run()
    (place / "in" / "a.csv").write_text("x\n1\n2")
    assert runner(place / "w", make_steps(place / "in")).run() == ["read"]


def test_from_runs_a_step_again_and_an_unknown_one_is_named(place):
    runner(place / "w", make_steps(place / "in")).run()
    assert runner(place / "w", make_steps(place / "in")).run(start="double") == ["double"]
    with pytest.raises(UsageError, match="did you mean double"):
        runner(place / "w", make_steps(place / "in")).run(start="dubble")


def test_the_identity_side_is_unreadable_without_its_role_and_key(place, monkeypatch):
    """disclosure A10: a payload process has no path to names."""
    runner(place / "w", make_steps(place / "in")).run()
    payload = Runner(open_workspace(place / "w"), make_steps(place / "in"), engine("polars"), {})
    assert payload.table("record.b") is not None
    with pytest.raises(NotPermitted, match="locked"):
        payload.table("sources.a")
    monkeypatch.setenv("THREECIRCLES_IDENTITY_KEY", "00" * 32)
    with pytest.raises(NotPermitted, match="wrong key"):
        Runner(
            open_workspace(place / "w", "identity"), make_steps(place / "in"), engine("polars"), {}
        ).table("sources.a")


def test_a_purpose_makes_child_rows_sensitive_and_needs_a_gate(place):
    def count(frame, *, grant):
        assert isinstance(frame, Sensitive)
        return frame.open(grant)

    steps = [
        *make_steps(place / "in")[1:],
        Step(
            name="count",
            function=count,
            reads=("record.b",),
            writes=("need.n",),
            purpose="needs_assessment",
        ),
    ]
    with pytest.raises(UsageError, match="nobody is here to permit it"):
        runner(place / "w", steps).run()
    asked = []

    def gate(purpose, **more):
        asked.append(purpose)
        return Grant(purpose=purpose, actor="test", basis="test", policies=("p",))

    assert runner(place / "w", steps, gate=gate).run() == ["count"]
    assert set(asked) == {"needs_assessment"}


def test_lineage_leads_from_a_table_to_its_file_and_fields(place):
    runner(place / "w", make_steps(place / "in")).run()
    links = lineage.trace("need.total", manifest.latest(place / "w" / "manifest.jsonl"))
    assert [link.step for link in links] == ["total", "double", "read"]
    assert list(links[-1].files) == ["a.csv"]
    assert links[1].fields == {"sources.a": ("x",)}


KILLED = """
import os, sys, signal
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_run
from threecircles.core import run
moment = int(sys.argv[1])
calls = 0
def counted(function):
    def inner(*a, **k):
        global calls
        calls += 1
        if calls == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*a, **k)
    return inner
run.write_bytes = counted(run.write_bytes)
run.swap_folder = counted(run.swap_folder)
run.manifest.append = counted(run.manifest.append)
place = Path({place!r})
test_run.runner(place / "w", test_run.make_steps(place / "in")).run()
"""


@pytest.mark.parametrize("moment", range(1, 10))
def test_a_killed_run_resumes_to_the_same_result(place, moment):
    """spine S6, at the runner: killed at each write, rename and manifest line in turn."""
    script = textwrap.dedent(KILLED.format(tests=str(Path(__file__).parent), place=str(place)))
    died = subprocess.run(
        [sys.executable, "-c", script, str(moment)],
        env=dict(os.environ),
        check=False,
        capture_output=True,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    again = runner(place / "w", make_steps(place / "in"))
    again.run()
    assert again.table("need.total")["total"].to_list() == [6]
    assert runner(place / "w", make_steps(place / "in")).run() == []
    assert not list((place / "w").rglob("*.part"))
