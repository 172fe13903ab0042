"""Money: one sum for one line of one agency in one year."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERIOD, day, text, whole, words

TABLE = Table(
    "spend_line",
    "One row per sum of money, in pence; section totals of the source are not lines.",
    (
        text("spend_id", "The sum.", key=True, nullable=False),
        text("agency", "Whose money.", nullable=False),
        text("la_code", "Authority."),
        text("budget_line", "The source's own code.", nullable=False),
        text("line_label", "Its label."),
        text("source_id", "The source.", nullable=False),
        text("extract_id", "The extract.", nullable=False),
        whole("source_row", "Row in the source's table, from 0."),
        text("source_version", "Version of its lines."),
        whole("year", "The year in which the financial year ends.", nullable=False),
        text("period_kind", "Kind of year.", nullable=False, codes=("financial",)),
        *PERIOD,
        text("stage", "Planned or spent.", codes=("planned", "outturn", "forecast")),
        whole("gross_pence", "Gross spend.", unit="pence"),
        whole("income_pence", "Income.", unit="pence"),
        whole("grant_inside_aef_pence", "Grants inside aggregate external finance.", unit="pence"),
        whole("grant_outside_aef_pence", "Grants outside it.", unit="pence"),
        whole("net_pence", "Gross less income.", unit="pence"),
        whole("price_year", "Year of its prices."),
        text("funding_source", "Where the money comes from."),
        text("term", "Whether it ends.", codes=("recurrent", "ends", "unknown")),
        day("ends_on", "When."),
        text("pool_id", "The pooled budget."),
        words("pooled_with", "Partners in it."),
        words("ring_fence_area", "Areas it may be spent in."),
        text(
            "status",
            "State of the figure.",
            codes=("ok", "suppressed", "not_certified", "not_asked"),
        ),
        text("caveat", "What to know before using it."),
    ),
)
