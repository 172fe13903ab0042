"""Services: what help is offered, at which level, by whom."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import text, words

LEVELS = ("universal", "targeted", "specialist", "rehabilitative")
TABLE = Table(
    "service",
    "One row per service.",
    (
        text("service_id", "The service.", key=True, nullable=False),
        text("org_id", "The body that runs it."),
        text("label", "Its name for people.", nullable=False),
        text("level", "Level of help.", nullable=False, codes=LEVELS),
        text("process", "The process its use is recorded as.", nullable=False),
        text("agency", "The agency responsible.", nullable=False),
        text("ages", "Ages served."),
        words("outcome_areas", "Outcome areas it works towards.", nullable=False),
        text("statutory", "Whether the law requires it.", codes=("yes", "no", "part")),
    ),
)
