"""Floor 1: everything the field argues about, held as dated data with its source."""

from threecircles.definitions.loader import (
    HOME,
    Definition,
    folder_hash,
    in_force,
    load,
    load_folder,
    load_text,
    read_csv,
)

__all__ = [
    "HOME",
    "Definition",
    "folder_hash",
    "in_force",
    "load",
    "load_folder",
    "load_text",
    "read_csv",
]
