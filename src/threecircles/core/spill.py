"""What DuckDB cannot hold it writes to disk: without this, names would lie there in clear while a run works."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import duckdb

from threecircles.core.errors import ThreeCirclesError

NETWORK = "HTTPFileSystem,S3FileSystem,HuggingFaceFileSystem"
"""Ways out that come with the module that encrypts; they are shut before it is used."""


def sealed(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, from now on encrypting whatever it spills (AES, a key of its own, never kept).

    DuckDB writes encrypted files only with the crypto module of `httpfs`, which is loaded from the
    installed package, signature checked, with no network; the module's own ways to the network are
    disabled for the life of the connection. Raises ThreeCirclesError when the module is not there.
    """
    connection.execute(f"LOAD '{_module()}'")
    connection.execute(f"SET disabled_filesystems = '{NETWORK}'")
    connection.execute("SET temp_file_encryption = true")
    return connection


@cache
def _module() -> str:
    found = find_spec("duckdb_extension_httpfs")
    places = list(found.submodule_search_locations or ()) if found else []
    files = [p for place in places for p in Path(place).rglob("httpfs.duckdb_extension")]
    if len(files) != 1:
        raise ThreeCirclesError(
            "The module that seals temporary files is not installed.",
            allowed="duckdb-extension-httpfs, of the same version as duckdb",
            mend="Install the program anew with its own lock file.",
        )
    return str(files[0]).replace("'", "''")
