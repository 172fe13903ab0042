"""How a sum of money is shared out: every share carries the rule that made it."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import number, text, whole

TABLE = Table(
    "spend_share",
    "One row per part of a spend line; the parts of a line sum to 1.",
    (
        text("spend_id", "The sum.", key=True, nullable=False),
        text("part", "Ordinal of the part.", key=True, nullable=False),
        text("service_id", "The service."),
        whole("age_from", "Youngest age.", unit="whole years"),
        whole("age_to", "Oldest age.", unit="whole years"),
        text("outcome_area", "Outcome area."),
        text("factor", "Factor it works on."),
        text("prevention_level", "Prevention level."),
        text("statutory", "Whether the law requires it.", codes=("yes", "no", "part")),
        text("evidence_rating", "Rating of its evidence."),
        text("area_code", "Area."),
        whole("children_reached", "Children reached.", unit="children"),
        number("share", "Share of the sum.", nullable=False),
        text("rule_id", "The share rule.", nullable=False),
        text("confidence", "How sure.", codes=("measured", "agreed", "assumed")),
    ),
)
