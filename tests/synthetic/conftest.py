"""One made-up borough and one hamlet for all tests of the room."""

import pytest

from threecircles.synthetic import make
from threecircles.synthetic.make import received_tables, written_tables
from threecircles.synthetic.profile import load_profile
from threecircles.synthetic.world import build_world


@pytest.fixture(scope="session")
def borough():
    return build_world(load_profile("borough"), 1, 2026)


@pytest.fixture(scope="session")
def clean(borough):
    return received_tables(borough)


@pytest.fixture(scope="session")
def spoilt(borough, clean):
    """Tables with errors, the register of errors, and who is who."""
    return written_tables(borough, clean, "realistic")


@pytest.fixture(scope="session")
def hamlet(tmp_path_factory):
    return make("hamlet", tmp_path_factory.mktemp("places") / "hamlet", seed=3)
