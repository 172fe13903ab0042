"""What tests of need share."""

import pytest


@pytest.fixture(scope="session")
def hamlet_place(tmp_path_factory):
    """A place folder that names a pupils' survey, without any of its files read."""
    from threecircles.definitions.place import load_place
    from threecircles.synthetic import make

    folder = tmp_path_factory.mktemp("hamlet") / "place"
    make("hamlet", folder, seed=1, errors="none")
    return load_place(folder)
