"""identity A11: how long answers take for children who are unknown, restricted or another team's.

    python benchmarks/identity_signpost.py WORKSPACE [--looks N]

WORKSPACE: a made-up place that has run. Four children are asked for in turn through the page's own
function, on the beat that holds answers back; printed are medians and the largest difference.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import polars as pl

from threecircles.core.workspace import open_workspace
from threecircles.disclosure.people import person
from threecircles.disclosure.permission import check_may
from threecircles.identity import signposting
from threecircles.web.work import signpost_look


def main() -> None:
    """Print the median of each kind of child, before and after the answer is held back."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--looks", type=int, default=25)
    asked = parser.parse_args()
    signposting.may_search = lambda looks, now, released=False: ""  # type: ignore[assignment]
    who = person(asked.workspace, "demo-practitioner")

    def ask(action, purpose, resource, about, detail):  # type: ignore[no-untyped-def]
        return check_may(
            action, actor=who, purpose_id=purpose, folder=asked.workspace, resource_id=resource, resource=about, detail=detail,
        )  # fmt: skip

    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(asked.looks):
        for kind, number in _numbers(asked.workspace).items():
            begun = time.monotonic()
            signpost_look.look(
                asked.workspace, who, {"number": number, "purpose": "direct_care"}, ask
            )
            took = time.monotonic() - begun
            time.sleep(signposting.held_back(took))
            times.setdefault(kind, []).append((took, time.monotonic() - begun))
    middles = {k: [statistics.median(t[i] for t in v) for i in (0, 1)] for k, v in times.items()}
    for kind, (took, answered) in middles.items():
        print(f"{kind:12} the look {took * 1000:7.1f} ms; answered after {answered * 1000:7.1f} ms")
    for at, name in ((0, "looks"), (1, "answers")):
        ends = [m[at] for m in middles.values()]
        print(f"largest difference of medians, {name}: {(max(ends) - min(ends)) * 1000:.1f} ms")


def _numbers(folder: Path) -> dict[str, str]:
    """A number of a child that nobody knows, and of those with the most and the fewest services."""
    told = signpost_look.tables(open_workspace(folder, "identity"))
    numbers, pointers = told["identity.identifier"], told["identity.person_record"]
    episodes = told["record.episode"]
    assert numbers is not None and pointers is not None and episodes is not None
    held = numbers.filter((pl.col("scheme") == "upn") & (pl.col("status") == "valid")).join(
        pointers.select("source_record_id", "person_id").unique(), on="source_record_id"
    )
    served = episodes.group_by("person_id").len(name="episodes")
    ranked = held.join(served, on="person_id", how="left").sort("episodes", "value", nulls_last=False)  # fmt: skip
    return {
        "unknown": "Z999999999999",
        "most services": ranked["value"][-1],
        "fewest": ranked["value"][0],
    }


if __name__ == "__main__":
    main()
