"""First sign and first help: timing only, no list of children is made of it."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import day, text, whole, yes

TABLE = Table(
    "first_sign",
    "One row per person with a sign that a loaded source can show.",
    (
        text("person_id", "The person.", key=True, sensitivity="pseudonym"),
        text("sign_id", "The first sign.", nullable=False, sensitivity="special"),
        day("sign_on", "Its day.", nullable=False, sensitivity="quasi"),
        day("sign_observable_from", "Day from which signs could be seen."),
        text("help_process", "The first help."),
        day("help_on", "Its day.", sensitivity="quasi"),
        whole("days", "From sign to help, or to the record's last day.", unit="days"),
        yes("censored", "No help yet.", nullable=False),
        text(
            "prior_help",
            "Whether help came before any sign.",
            nullable=False,
            codes=("yes", "no", "unknown"),
        ),
        yes("first_help_statutory", "The first help was statutory."),
    ),
    child_level=True,
)
