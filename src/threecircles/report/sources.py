"""Names of sources for people: without them pages would speak of cin-census."""

from __future__ import annotations

from functools import cache

from threecircles.definitions.loader import HOME
from threecircles.definitions.yaml12 import parse


@cache
def source_name(source_id: str) -> str:
    """A source's name for people: its definition's label, else the text as it stands."""
    paths = [
        HOME / folder / f"{source_id}.yaml" for folder in ("sources", "published", "comparators")
    ]
    path = next((p for p in paths if p.exists()), None)
    if path is None:
        return source_id
    told = parse(path.read_text(encoding="utf-8"), path.name).plain()
    return str(told.get("label", source_id)).rstrip(".")
