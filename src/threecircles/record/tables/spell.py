"""Spells: unbroken time in a process, however many rows it took to record."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, VALID, text, whole

TABLE = Table(
    "spell",
    "One row per person, process and unbroken stretch of time.",
    (
        text("person_id", "The person.", key=True, sensitivity="pseudonym"),
        text("process", "The process.", key=True, nullable=False),
        whole("spell", "Ordinal within person and process, from 1.", key=True, nullable=False),
        *VALID,
        text("first_row_id", "Its first row.", sensitivity="lineage"),
        text("last_row_id", "Its last row.", sensitivity="lineage"),
        whole("n_rows", "Rows in it.", nullable=False),
        whole("n_bridged", "Gaps closed by the process's bridge.", nullable=False),
        whole("n_overlaps", "Rows that begin before the last end.", nullable=False),
        HISTORY,
    ),
    child_level=True,
)
