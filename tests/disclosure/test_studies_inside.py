"""A researcher's study as code: dummy rows first, the real ones inside, and only checked tables out."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from threecircles.core.errors import NotPermitted, ThreeCirclesError, UsageError
from threecircles.disclosure import extracts
from threecircles.disclosure.scan import Names
from threecircles.disclosure.studies_inside import run_inside, try_on_dummy

SPEC = """
id: study
label: A study
source: test
project: p1
ethics_id: e1
agreement: a1
keep_until: 2099-01-01
columns:
  - {name: person, treat: key}
  - {name: area, quasi: true, values: [E1, E2, E3]}
  - {name: plan, sensitive: true, values: [yes, no]}
"""
PEOPLE = pl.DataFrame(
    {
        "person": [f"p{i}" for i in range(100)],
        "area": [f"E{1 + i % 3}" for i in range(100)],
        "plan": ["yes" if i < 4 or i % 2 else "no" for i in range(100)],
        "surname": ["Zzyzx"] * 100,
    }
)
COUNTS = """
import collections, csv
rows = list(csv.DictReader(open("data.csv")))
n = collections.Counter((r["area"], r["plan"]) for r in rows)
n["E3", "yes"] = 3
with open("outputs/plans.csv", "w", newline="") as f:
    w = csv.writer(f)
    w.writerow(["area", "plan", "count"])
    w.writerows([*k, v] for k, v in sorted(n.items()))
print("done")
"""
NAMES = Names(frozenset({("ann", "zzyzx")}), {"a123456789012": "identifier"})


class Desk:
    "A workspace, a specification, and code that is tried and run."

    def __init__(self, folder):  # type: ignore[no-untyped-def]
        self.folder = folder
        (folder / "spec.yaml").write_text(SPEC)
        self.spec = extracts.load_spec(folder / "spec.yaml")

    def code(self, text):  # type: ignore[no-untyped-def]
        path = self.folder / "study.py"
        path.write_text(text)
        return path

    def tried(self, text):  # type: ignore[no-untyped-def]
        try_on_dummy(self.folder, self.spec, self.code(text), rows=300)
        return self

    def run(self, out="out"):  # type: ignore[no-untyped-def]
        return run_inside(
            self.folder, self.spec, self.folder / "study.py", PEOPLE, key=b"k" * 32, names=NAMES, out=self.folder / out,
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_study_runs_inside_and_its_tables_come_out_safe(desk):
    """disclosure A1: the small count is hidden and the rest rounded, and the log comes back."""
    done = desk.tried(COUNTS).run()
    with done.outputs[0].open(newline="") as file:
        shown = [row["count"] for row in csv.DictReader(file)]
    assert "3" not in shown and sum(not s.isdigit() for s in shown) >= 1
    assert all(int(s) % 5 == 0 for s in shown if s.isdigit())
    assert done.log.strip() == "done" and not done.withheld


def test_code_that_was_not_tried_on_dummy_rows_does_not_run(desk):
    desk.tried(COUNTS)
    desk.code(COUNTS + "# changed\n")
    with pytest.raises(NotPermitted, match="not run on dummy data"):
        desk.run()


def test_the_study_sees_declared_columns_under_pseudonyms_only(desk):
    looks = (
        COUNTS
        + "assert set(rows[0]) == {'person', 'area', 'plan'} and not rows[0]['person'] == 'p0'\n"
    )
    assert desk.tried(looks).run().outputs


@pytest.mark.parametrize(
    "reach",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['ls'])",
        "open('/etc/hostname').read()",
        "open('../beside.txt', 'w')",
    ],
)
def test_a_study_reaches_nothing_but_its_own_folder(desk, reach):
    """disclosure A11: no network, no other program, no other file."""
    with pytest.raises(ThreeCirclesError, match="stopped with an error") as refused:
        desk.tried(f"{reach}\n{COUNTS}")
    assert "PermissionError" in str(refused.value)


def test_an_error_says_its_kind_and_never_a_value(desk):
    with pytest.raises(ThreeCirclesError) as refused:
        desk.tried("raise type('Leak_p7_secret', (Exception,), {})('p7')\n")
    assert "p7" not in str(refused.value)


def test_rows_of_people_do_not_go_out(desk):
    """disclosure A10: a table that holds pseudonyms is refused, and nothing is written."""
    copies = "import shutil; shutil.copyfile('data.csv', 'outputs/all.csv')\n"
    with pytest.raises(NotPermitted, match="single people"):
        desk.tried(copies).run()
    assert not (desk.folder / "out").exists()


def test_a_log_with_figures_or_names_is_withheld(desk):
    assert "figures" in desk.tried(COUNTS + "print(n['E1', 'yes'])\n").run().withheld
    told = desk.tried(COUNTS + "print('ann zzyzx')\n").run("second")
    assert told.withheld == "it names a child" and "zzyzx" not in told.text()


def test_other_kinds_of_file_and_a_folder_that_is_there_are_refused(desk):
    with pytest.raises(NotPermitted, match="nothing else"):
        desk.tried("open('outputs/model.pkl', 'w').write('x')\n")
    (desk.folder / "out").mkdir()
    with pytest.raises(UsageError, match="there already"):
        desk.tried(COUNTS).run()
