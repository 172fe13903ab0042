"""The attacker against everything the place gives out together."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "benchmarks" / "attack_pack.py"


@pytest.fixture(scope="module")
def attacking():
    spec = importlib.util.spec_from_file_location("benchmarks_attack_pack", HERE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def read_back(attacking, hamlet):
    """What a reader of every file of the pack knows."""
    return attacking.read_back(hamlet.pack())


def test_every_kind_of_file_is_read_back(read_back):
    """S8: pages, drawings and their texts, document, workbook, CSV and JSON are all read."""
    kinds = {"CSV", "HTML", "JSON", "PDF", "SVG and text alternatives", "workbook"}
    assert kinds == set(read_back.counted)
    assert all(n > 20 for n in read_back.counted.values()), read_back.counted


def test_no_file_shows_what_another_hides(read_back):
    """S8: a cell hidden in its CSV is hidden in page, drawing, document, workbook and JSON too."""
    assert read_back.told == {}
    assert read_back.differing == []
    assert read_back.loose == []


def test_all_files_together_give_no_hidden_figure_away(attacking, hamlet, read_back):
    """S8: the attacker recovers no suppressed cell exactly over all released tables, pages and files together."""
    assert attacking.attack_all(hamlet.workspace, read_back) == []


def test_a_figure_planted_in_one_file_is_found(attacking, hamlet, tmp_path):
    """S8: the reading bites: a hidden figure shown by the page model alone is reported, and attacked with."""
    model = json.loads((hamlet.pack() / "pack.json").read_text(encoding="utf-8"))
    hidden = next(
        v for v in attacking._of_kind(model, "Value") if "number" not in v and v["symbol"] == "[c]"
    )
    hidden["number"] = 3.0
    seen = attacking.Seen()
    attacking._from_json(model, attacking._released(hamlet.pack()), seen)
    assert seen.told[tuple(hidden["cell"])] == (3.0, "pack.json")


def test_the_command_attacks_a_workspace_its_release_and_its_site_alike(hamlet):
    """S8: `threecircles disclosure attack DIR` on what a run gave out."""
    import typer
    from typer.testing import CliRunner

    from threecircles.cli import commands

    app = typer.Typer()
    commands.register(app)
    said = set()
    for folder in (hamlet.workspace, hamlet.workspace / "release", hamlet.workspace / "release" / "site"):  # fmt: skip
        told = CliRunner().invoke(app, ["disclosure", "attack", str(folder)])
        assert told.exit_code == 0, told.output
        said.add(told.output)
    assert len(said) == 1 and "0 hidden cells can be worked out exactly" in said.pop()
