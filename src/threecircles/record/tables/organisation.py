"""Bodies that help, teach or place children."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import COMMON, day, text

TABLE = Table(
    "organisation",
    "One row per body.",
    (
        text("org_id", "Scheme and code, for example urn:900001.", key=True, nullable=False),
        text("label", "Its public name."),
        text("kind", "What kind of body.", nullable=False),
        text("scheme", "Scheme of its code."),
        text("code", "Its code."),
        text("parent_org_id", "The body it belongs to."),
        text("la_code", "Authority."),
        text("lsoa21", "Area (LSOA 2021)."),
        day("valid_from", "Opened on, or in its present body since.", key=True),
        day("valid_to", "Closed on, or in its present body until."),
        text("successor_id", "The body that took over."),
        *(c for c in COMMON if c.name != "source_record_id"),
    ),
)
