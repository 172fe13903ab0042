"""Checks an XML return against the department's schema: the receiving system refuses what breaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from threecircles.core.errors import ThreeCirclesError, UsageError


@dataclass(frozen=True)
class SchemaFinding:
    """One place where the file and the schema differ. sentence: in plain words, no value quoted."""

    line: int
    element: str
    sentence: str


def schema_findings(
    path: Path, schema: Path, known: frozenset[str] = frozenset()
) -> list[SchemaFinding]:
    """Differences between an XML file and an official schema the user names; the rules still run.

    known: elements that our own declaration has although the schema held does not; they are told as
    "not in the schema held", since a newer schema may hold them. Needs the `xsd` extra.
    """
    try:
        from lxml import etree
    except ImportError:
        raise UsageError(
            "Checking against a schema needs the extra `xsd`.",
            mend="pip install 'threecircles[xsd]'",
        ) from None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        rules = etree.XMLSchema(etree.parse(str(schema), parser))
        tree = etree.parse(str(path), parser)
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError) as error:
        raise ThreeCirclesError(
            "The file or the schema is not well-formed XML.", where=path.name, found=type(error).__name__,
            mend="Read the file first; its broken places are listed with line and child.",
        ) from None  # fmt: skip
    rules.validate(tree)
    return [_finding(entry.line, entry.message, known) for entry in rules.error_log]


def _finding(line: int, message: str, known: frozenset[str]) -> SchemaFinding:
    found = re.search(r"Element '(?:\{[^}]*\})?([^']+)'", message)
    element = found[1] if found else ""
    if element in known and "not expected" in message:
        return SchemaFinding(
            line, element, f"{element} is not in the schema held; a newer one may have it."
        )
    return SchemaFinding(line, element, f"{element}: {_in_words(message)}")


def _in_words(message: str) -> str:
    expected = re.search(r"Expected is (?:one of )?\( ?([^)]*?) ?\)", message)
    if "not expected" in message:
        return "stands where the schema does not allow it" + (
            f"; {expected[1]} is expected." if expected else "."
        )
    if "Missing child element" in message:
        return f"lacks {expected[1] if expected else 'an element'}."
    if "pattern" in message or "enumeration" in message:
        return "holds a value that the schema does not allow."
    if "valid value of the atomic type" in message:
        return "holds a value of the wrong kind."
    return "does not follow the schema."
