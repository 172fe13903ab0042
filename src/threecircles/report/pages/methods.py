"""How it was made: without it a figure would have to be believed."""

from __future__ import annotations

from collections.abc import Mapping

from threecircles.definitions import read_csv
from threecircles.report.context import Context
from threecircles.report.model import Block, Entries, Page, Text
from threecircles.report.released import Released, Tables
from threecircles.report.sources import source_name
from threecircles.report.words import day, joined, within


def page(tables: Tables, context: Context) -> Page:
    """How the pack was made, what its symbols mean, and a way into the lineage of each table."""
    blocks: list[Block] = [
        Text(
            "From raw returns to this page",
            (
                "Files are kept as they came. They are read, checked against the rules of each return, and joined into one "
                "history for each child, without names.",
                "Figures are measured from those histories, each with its uncertainty. A separate step hides what could "
                "point to a child. Only what passes it can be shown here.",
            ),
        ),
        Text(
            "How to read the numbers",
            (
                "A 95% interval says where the true figure is likely to lie. A wide one means that few children stand behind it.",
                "Percentages rest on weighted answers, so that schools and years count by their size.",
                "Totals may differ a little from the sum of their parts, because each is rounded by itself.",
            ),
        ),
        Entries(
            "Symbols", tuple((r["symbol"], r["meaning"]) for r in read_csv("report/shorthand"))
        ),
    ]
    if tables:
        blocks.append(
            Text(
                "Every table, and how it was made",
                (
                    "Each table has a page that names its sources, definitions, step and protection.",
                ),
                tuple((t.safe.spec.title, f"lineage/{t.id}") for t in tables.values()),
            )
        )
    return Page(
        id="methods",
        slug="methods",
        nav="Methods",
        title="How were these figures made?",
        summary=(
            f"Made on {day(context.made_on)} for the {within(context.period)}. Anyone with the same files gets the same figures.",
        ),
        blocks=tuple(blocks),
        related=("gaps", "quality"),
        order=10,
    )


def hidden_words(counts: Mapping[str, int]) -> str:
    """How many figures of a table are hidden and why, in a sentence."""
    if not counts.get("hidden") and not counts.get("low_base"):
        return "None."
    reasons = (
        ("primary", "for too few children"), ("secondary", "so that those cannot be worked out"),
        ("grouped", "for what they would say of a whole group"),
    )  # fmt: skip
    why = joined([f"{counts[k]:,} {words}" for k, words in reasons if counts.get(k)])
    parts = []
    if counts.get("hidden"):
        parts.append(
            f"{counts['hidden']:,} of {counts.get('cells', 0):,} figures{f': {why}' if why else ''}."
        )
    if counts.get("low_base"):
        parts.append(f"{counts['low_base']:,} shares rest on too few answers to be shown.")
    return " ".join(parts)


def lineage_page(table: Released) -> Page:
    """The lineage page of one table: what it counts, from what, by which definitions and steps."""
    safe, spec = table.safe, table.safe.spec
    hidden = hidden_words(safe.suppressed)
    entries = [
        ("Table", spec.id),
        ("Period", spec.period),
        ("What is counted", spec.unit),
        ("Population", spec.population),
        (
            "Sources",
            joined([source_name(s) for s in spec.sources]) or "named in the run's manifest",
        ),
        ("Definitions", joined(list(spec.definitions)) or "named in the run's manifest"),
        ("Made by step", spec.step or "named in the run's manifest"),
        ("Protected under", f"{safe.profile}, version {safe.profile_version}"),
        ("Hidden cells", hidden),
        ("Fingerprint", safe.manifest[:16] or "not yet written"),
    ]
    first = next((table.value_of(r) for r in table.rows if r.get("value") is not None), None)
    blocks: list[Block] = [Entries("What this table is", tuple(entries))]
    if first is not None:
        blocks.append(
            Text(
                "Follow a number back to its files",
                (
                    "Each number in the CSV file has an id. In the workspace, give it to the program, for example: "
                    f"threecircles lineage {first.lineage}",
                ),
                ((f"{spec.title} (CSV)", f"data/{spec.id}.csv"),),
            )
        )
    if spec.notes:
        blocks.append(Text("Notes", spec.notes))
    return Page(
        id=f"lineage-{spec.id}",
        slug=f"lineage/{spec.id}",
        title=f"How this was made: {spec.title}",
        summary=(),
        blocks=tuple(blocks),
        tables=(safe,),
        related=("methods",),
        order=100,
    )
