"""What is not known: without it silence would be read as nothing to see."""

from __future__ import annotations

from threecircles.report.context import Context
from threecircles.report.model import Block, Entries, Page, Text
from threecircles.report.released import Released, Tables

EXPECTED = (
    ("circles-place", "How many children with high need are in contact with services", "A survey joined to service records, with children's consent."),
    ("circles-ward", "Where children with high need live", "Home areas for survey answers, and enough answers in each ward."),
    ("need-dimensions", "Which kinds of need children have", "A survey of children that asks about each part of life."),
    ("journey-links", "How children move between services over a year", "At least two years of one service's records."),
    ("services-timeliness", "How long children wait", "Dates of each step in the service's records."),
    ("spend-lines", "What is spent, and on what", "The section 251 outturn of the council."),
    ("places-ward", "Service rates by ward", "Home areas in service records."),
    ("quality-rules", "Which rules the records break", "A checked return."),
    ("linkage-summary", "How well records were joined", "Two or more sources about the same children."),
    ("outcomes", "Whether children's lives got better", "Outcomes measured before and after help, with a comparison."),
    ("voice", "Who was heard, and what changed because of it", "Children's own words, kept with their consent."),
)  # fmt: skip
"""Table, question it answers, what would answer it."""


def page(tables: Tables, context: Context) -> Page:
    """Questions this pack cannot answer, and what would."""
    missing = [(question, mend) for table, question, mend in EXPECTED if not _there(tables, table)]
    hidden = [(t.safe.spec.title, f"{_hidden(t):,} of {t.safe.frame.height:,} figures are hidden to protect children.")
              for t in tables.values() if _hidden(t)]  # fmt: skip
    blocks: list[Block] = []
    if missing:
        blocks.append(
            Entries("Questions this pack cannot answer, and what would answer them", tuple(missing))
        )
    if hidden:
        blocks.append(Entries("Figures hidden to protect children", tuple(hidden)))
    if context.limits:
        blocks.append(Text("What came late, or not at all", context.limits))
    blocks.append(
        Text(
            "Who is not in these figures",
            (
                "Children who were not asked, who said no, and who live here but go to school elsewhere are not in the survey.",
                "Children whom no service knows are in no service's records.",
            ),
        )
    )
    return Page(
        id="gaps",
        slug="gaps",
        nav="Gaps",
        title="What do we not know, and what would close the gap?",
        summary=(
            "A figure that is missing is said to be missing. Nothing here is filled in by guessing.",
        ),
        blocks=tuple(blocks),
        tables=tuple(t.safe for t in tables.values()),
        related=("quality", "methods", "questions"),
        order=9,
    )


def _there(tables: Tables, table: str) -> bool:
    return table in tables or bool(tables.starting(table))


def _hidden(table: Released) -> int:
    return sum(1 for r in table.rows if r.get("symbol") == "[c]")
