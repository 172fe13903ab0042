"""One hamlet, run once from received files to finished pack: what all tests of the whole run share."""

import os

import pytest
from tests.pipeline.runs import Run

from threecircles import pipeline, synthetic


@pytest.fixture(scope="session", autouse=True)
def away_from_home(tmp_path_factory):
    """Keys and fault notes of test workspaces stay out of the user's own folders."""
    folder = tmp_path_factory.mktemp("home")
    named = {"THREECIRCLES_KEYS": str(folder / "keys"), "THREECIRCLES_LOGS": str(folder / "logs")}
    before = {k: os.environ.get(k) for k in named}
    os.environ.update(named)
    yield folder
    for k, v in before.items():
        os.environ.pop(k) if v is None else os.environ.__setitem__(k, v)


@pytest.fixture(scope="session")
def hamlet(tmp_path_factory, away_from_home) -> Run:
    """The hamlet (400 made-up children), with realistic errors, run from files to pack."""
    folder = tmp_path_factory.mktemp("hamlet")
    synthetic.make("hamlet", folder / "place", seed=1)
    made = Run(folder / "place", folder / "workspace")
    pipeline.run(made.place, made.workspace)
    return made
