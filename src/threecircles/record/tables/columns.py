"""Short words for declaring columns: without them each table would take three screens."""

from __future__ import annotations

from typing import Any

from threecircles.record.schema import Column


def text(name: str, description: str, **more: Any) -> Column:
    """A text column (codes keep their leading zeros)."""
    return Column(name, "text", description, **more)


def day(name: str, description: str, **more: Any) -> Column:
    """A date column."""
    return Column(name, "date", description, **more)


def whole(name: str, description: str, **more: Any) -> Column:
    """A column of whole numbers (counts, pence)."""
    return Column(name, "int", description, **more)


def number(name: str, description: str, **more: Any) -> Column:
    """A column of scores, shares or weights."""
    return Column(name, "float", description, **more)


def yes(name: str, description: str, **more: Any) -> Column:
    """A true or false column."""
    return Column(name, "bool", description, **more)


def words(name: str, description: str, **more: Any) -> Column:
    """A column of lists of text."""
    return Column(name, "texts", description, **more)


ROW_ID = text(
    "row_id",
    "First 24 hexadecimal digits of SHA-256 over table, source, source record, process and natural key.",
    key=True,
    nullable=False,
    sensitivity="lineage",
)
PERSON = text("person_id", "The person, as identity issues it.", sensitivity="pseudonym")
VALID = (
    day(
        "valid_from",
        "First day on which the state holds at the end of the day.",
        sensitivity="quasi",
    ),
    day(
        "valid_to",
        "First day on which it holds no longer; null while open.",
        sensitivity="quasi",
    ),
)
ATTRIBUTES = Column(
    "attributes",
    "attributes",
    "Further codes that the mapping declares, as text.",
    sensitivity="quasi",
)
COMMON = (
    text("source_id", "The source.", nullable=False),
    text(
        "source_record_id",
        "The source's own record, as identity's opaque id.",
        sensitivity="lineage",
    ),
    text("extract_id", "The extract that first said so.", nullable=False, sensitivity="lineage"),
    text("source_file", "The file received.", sensitivity="lineage"),
    text("source_table", "The source's table.", sensitivity="lineage"),
    whole("source_row", "Row in that table, from 0.", sensitivity="lineage"),
    text("mapping_id", "The mapping that made the row.", sensitivity="lineage"),
    text("mapping_version", "Its version.", sensitivity="lineage"),
    day("known_from", "Day on which this was first known.", key=True, nullable=False),
    day("known_to", "Day on which a later extract said otherwise; null = current belief."),
    day("last_seen", "Latest extract in which it stood.", nullable=False),
    words(
        "flags",
        "What a reader should know: late, lost_sight, start_unknown and others.",
        nullable=False,
    ),
)
PERIOD = (
    day("period_start", "First day of the period.", nullable=False),
    day("period_end", "Last day of the period.", nullable=False),
)
HISTORY = day("history_from", "Day from which the source can show such a thing at all.")
