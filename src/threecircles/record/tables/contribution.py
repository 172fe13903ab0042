"""That somebody was heard: the metadata of voice, never the words."""

from threecircles.record.schema import Table
from threecircles.record.tables.columns import PERSON, day, number, text, words

TABLE = Table(
    "contribution",
    "One row per contribution; written by the room `voice`. No text.",
    (
        text("contribution_id", "The contribution.", key=True, nullable=False),
        PERSON,
        text("group_id", "The group, where a group spoke."),
        text("voice_of", "Whose voice.", nullable=False),
        text("mode", "How it was given.", nullable=False),
        text("state", "Given, declined, withdrawn.", nullable=False),
        day("on_date", "The day."),
        text("occasion", "What it was about."),
        words("topic_ids", "Topics."),
        text("decision_id", "The decision it went into."),
        text("influence", "What it changed."),
        day("fed_back_on", "The day the person was told."),
        text("sample_id", "The sample it was drawn in."),
        number("inclusion_prob", "Probability of being drawn."),
    ),
    child_level=True,
)
