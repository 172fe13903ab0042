"""Where and when a service is open: without it a closed centre would look unused."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import COMMON, ROW_ID, VALID, number, text, whole

TABLE = Table(
    "provision",
    "One row per service at a place and time.",
    (
        ROW_ID,
        text("service_id", "The service.", nullable=False),
        text("org_id", "The venue or body.", nullable=False),
        text("lsoa21", "Area of the place (LSOA 2021)."),
        *VALID,
        number("hours_per_week", "Opening hours.", unit="hours per week"),
        whole("capacity", "Places.", unit="places"),
        text(
            "status",
            "State on the day of the extract.",
            codes=("open", "closed", "moved", "merged", "reopened"),
        ),
        *(c for c in COMMON if c.name != "source_record_id"),
    ),
)
