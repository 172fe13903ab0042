"""Extracts: without them the day on which something became known would be lost."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERIOD, day, text, whole

TABLE = Table(
    "extract",
    "One row per delivery received.",
    (
        text("extract_id", "The delivery.", key=True, nullable=False),
        text("source_id", "The source.", nullable=False),
        text("la_code", "The authority."),
        day("as_of", "The day it describes.", nullable=False),
        day("received_on", "The day it was received; the day it describes where not recorded."),
        *PERIOD,
        text("shape", "What a row claims.", codes=("snapshot", "window", "longitudinal")),
        text(
            "absence",
            "What it means that a row is no longer there.",
            codes=("unknown", "withdrawn", "ended"),
        ),
        whole("rows_in", "Rows received.", unit="rows"),
        whole("rows_kept", "Rows that could be laid on the columns.", unit="rows"),
        whole("rows_rejected", "Rows that could not.", unit="rows"),
        text("sha256", "Hash over the files received."),
    ),
)
