"""What spills to disk while a run works is sealed, and the module that seals opens no way out."""

import duckdb
import pytest

from threecircles.core import spill

NEEDLE = b"QUILLFEATHER"


def spilled(connection, folder):
    "Bytes of the temporary files while a sorted result that does not fit in memory is read."
    connection.execute(f"set temp_directory='{folder}'; set memory_limit='60MB'; set threads=1")
    connection.execute(
        "create table t as select i, 'QUILLFEATHER'||hash(i) as s from range(1_500_000) as r(i)"
    )
    result = connection.execute("select s, i from t order by s desc")
    result.fetchmany(10)
    return b"".join(p.read_bytes() for p in folder.iterdir())


@pytest.mark.parametrize("is_sealed", [True, False])
def test_names_that_spill_are_sealed(tmp_path, is_sealed):
    """disclosure A10: and the search bites, for without the seal the name lies there in clear."""
    with duckdb.connect() as connection:
        if is_sealed:
            spill.sealed(connection)
        data = spilled(connection, tmp_path)
    assert len(data) > 1_000_000
    assert (NEEDLE in data) is not is_sealed


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:1/x.csv", "s3://b/x.csv", "hf://datasets/a/b.csv"]
)
def test_the_module_that_seals_opens_no_way_out(address):
    """disclosure V13: no network at run time."""
    with duckdb.connect() as connection:
        spill.sealed(connection)
        with pytest.raises(duckdb.PermissionException, match="disabled"):
            connection.execute(f"select * from read_csv('{address}')")
        with pytest.raises(duckdb.Error):
            connection.execute("reset disabled_filesystems")
