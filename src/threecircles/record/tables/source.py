"""Sources: without them nobody could tell "no earlier referral" from "not looked back far enough"."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import HISTORY, text

TABLE = Table(
    "source",
    "One row per source that a place has loaded.",
    (
        text("source_id", "The source.", key=True, nullable=False),
        text("label", "Its name for people.", nullable=False),
        text("kind", "Shape of its extracts.", codes=("snapshot", "window", "longitudinal")),
        text("catalogue_id", "Its entry in the catalogue."),
        HISTORY,
    ),
)
