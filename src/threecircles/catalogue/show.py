"""Questions in words for the screen and as records: what is asked, who answers, and what is not built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from threecircles.catalogue.demand import Answer, Demand
from threecircles.core.errors import UsageError, did_you_mean

STATUSES = ("answered", "answered in part", "not built yet", "not planned")


def where(answer: Answer) -> str:
    """Where one answer is found, in words."""
    said = [f"`threecircles {answer.command}`"] if answer.command else []
    if answer.page:
        said.append(f"page {answer.page}")
    return f"{' and '.join(said)} ({answer.room} {', '.join(answer.acceptance)})"


def answer_text(answer: Answer) -> str:
    """Where one answer is found, or that it is not built and why."""
    if not answer.not_built:
        return where(answer)
    return f"not built yet: {answer.room}, {', '.join(answer.acceptance)}. {answer.not_built}"


def demands_text(found: Sequence[Demand]) -> str:
    """Each question with what answers it."""
    lines = []
    for demand in found:
        lines.append(f"{demand.id}  {demand.label} ({', '.join(demand.audience)})")
        lines += [f"       {answer_text(a)}" for a in demand.met_by]
        if demand.not_planned:
            lines.append(f"       not planned: {demand.not_planned}")
    return "\n".join(lines)


def counts_text(found: Sequence[Demand]) -> str:
    """How many questions have an answer."""
    counts = Counter(d.status for d in found)
    told = ", ".join(f"{counts[s]} {s}" for s in STATUSES if counts[s])
    return f"{len(found)} questions: {told}. Answered means that the command or page is there."


def as_records(found: Sequence[Demand]) -> list[dict[str, Any]]:
    """What `--json` writes."""
    return [{**asdict(d), "status": d.status} for d in found]


def check_status(status: str | None) -> None:
    """Raise UsageError for a status no question can have."""
    if status is not None and status not in STATUSES:
        raise UsageError(
            "No question has this status.",
            found=status,
            allowed=", ".join(STATUSES),
            mend=did_you_mean(status, STATUSES),
        )
