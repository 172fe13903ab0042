"""The process that links asks for itself: who starts it by hand goes past no gate (disclosure A17)."""

import subprocess
import sys

import pytest

from threecircles import pipeline
from threecircles.core import workspace as workspaces
from threecircles.core.errors import NotPermitted

PLACE = """\
id: p
label: P
la_code: E10900001
year: 2026
deliveries:
  - {id: help, source: early-help, files: [help.csv], received_on: 2026-04-20, as_of: 2026-03-31, year: 2026}
  - {id: justice, source: youth-justice, files: [justice.csv], received_on: 2026-04-20, as_of: 2026-03-31, year: 2026}
"""


def test_a_phase_started_by_hand_asks_as_the_command_does(tmp_path, monkeypatch):
    """disclosure A17: it is refused in the same words and with the same code, and nothing is taken up."""
    monkeypatch.setenv("THREECIRCLES_KEYS", str(tmp_path / "keys"))
    own = tmp_path / "place"
    own.mkdir()
    (own / "place.yaml").write_text(PLACE)
    for name in ("help.csv", "justice.csv"):
        (own / name).write_text("a\n1\n")
    workspace = workspaces.create(tmp_path / "w", fictitious=False).path
    with pytest.raises(NotPermitted) as by_command:
        pipeline.run(own, workspace)
    with pytest.raises(NotPermitted) as by_hand:
        pipeline.run_phase("identity", own, workspace, "duckdb", None)
    assert str(by_hand.value) == str(by_command.value)
    command = [sys.executable, "-m", "threecircles.cli.phase", "identity", str(own), str(workspace)]
    ended = subprocess.run([*command, "duckdb", ""], capture_output=True, text=True, check=False)
    assert ended.returncode == by_command.value.exit_code
    assert ended.stderr.strip() == str(by_command.value)
    assert list(workspace.rglob("step.json")) == []
