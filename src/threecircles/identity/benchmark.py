"""Linkage judged against truth, plain Splink beside ours: without it "better" would be a word.

The made-up children come from `synthetic.linkage`, which this room may not import: the command line
hands them in. Constants are learnt from each run's own data or were fixed on seed 1; other seeds judge.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from threecircles.core.memory import peak_memory_mb
from threecircles.identity.components import components
from threecircles.identity.ladder import Ladder, resolved
from threecircles.identity.linkage import link_tables
from threecircles.identity.request import THRESHOLDS, LinkRequest, LinkSource
from threecircles.identity.resolve import bits

_FIELDS = ("first_name", "surname", "date_of_birth", "sex", "postcode", "uprn")


@dataclass(frozen=True)
class Score:
    """Pairs of records of two sources: precision, recall and F1; wrong: pairs joined wrongly;
    co_twins: wrong pairs of children born together, of twin_links pairs with a child of a multiple birth;
    twins, no_shared: precision, recall and F1 over those pairs."""

    method: str
    precision: float
    recall: float
    f1: float
    wrong: int
    missed: int
    twins: tuple[float, float, float]
    no_shared_f1: float | None
    co_twins: int
    twin_links: int


@dataclass(frozen=True)
class Judged:
    """scores by method; gaps: recall by group; seconds by rung; cpu seconds and peak memory in all."""

    records: int
    scores: tuple[Score, ...]
    gaps: pl.DataFrame
    blocking_recall: float
    seconds: dict[str, float]
    cpu_seconds: float
    peak_memory_mb: int


def benchmark(
    sources: dict[str, pl.DataFrame], truth: pl.DataFrame, engine: str = "duckdb"
) -> Judged:
    """Link made-up sources at the generous threshold and judge every method on the same scores.

    sources: name -> record_id, first_name, surname, date_of_birth, sex, postcode, uprn?, and one
    column for each identifier scheme. truth: source, record_id, person, multiple (-1 for none),
    and columns of groups. engine: duckdb or spark.
    """
    started = time.process_time()
    request = LinkRequest(sources=tuple(_source(n, t) for n, t in sources.items()), fictitious=True)
    linked = link_tables(request, sources, "generous", engine, seed=0)
    cpu = time.process_time() - started
    ladder = linked.ladder
    known = _Truth(ladder, truth)
    ours = np.unique(linked.person_record["person_id"].to_numpy(), return_inverse=True)[1]
    scores = [
        known.score("Splink, p >= .95", _components(ladder, bits(0.95))),
        known.score("Splink, p >= .999", _components(ladder, bits(0.999))),
        known.score("ours, generous (.3)", ours),
    ]
    for name in ("balanced", "careful"):
        scores.append(
            known.score(
                f"ours, {name} ({THRESHOLDS[name]})", resolved(ladder, THRESHOLDS[name]).person
            )
        )
    return Judged(
        len(ladder.records),
        tuple(scores),
        known.gaps(ours),
        known.blocking_recall(),
        ladder.seconds,
        round(cpu, 1),
        int(peak_memory_mb() or 0),
    )


def as_text(judged: Judged) -> str:
    """The result as a table for a terminal."""
    head = f"{'method':22} {'P':>7} {'R':>7} {'F1':>7}  {'twins P':>7} {'R':>7} {'F1':>7}  {'no shared id':>12} {'co-twins joined, of twin links':>31}"
    lines = [f"{judged.records:,} records", head]
    for s in judged.scores:
        joined = f"{s.co_twins:,} of {s.twin_links:,} ({s.co_twins / max(1, s.twin_links):.3%})"
        shared = "-" if s.no_shared_f1 is None else f"{s.no_shared_f1:.4f}"
        lines.append(
            f"{s.method:22} {s.precision:7.4f} {s.recall:7.4f} {s.f1:7.4f}  {s.twins[0]:7.4f} {s.twins[1]:7.4f}"
            f" {s.twins[2]:7.4f}  {shared:>12} {joined:>31}"
        )
    lines.append(f"blocking recall {judged.blocking_recall:.4f}")
    worst = judged.gaps.sort("gap", descending=True).head(3)
    lines += [
        f"recall of {g}: {r:.4f}, {gap * 100:+.2f} points below all"
        for g, r, gap in worst.select("group", "recall", "gap").iter_rows()
    ]
    took = ", ".join(f"{k} {v:.1f} s" for k, v in judged.seconds.items())
    lines.append(
        f"time: {took}; processor time {judged.cpu_seconds} s; peak memory {judged.peak_memory_mb:,} MB"
    )
    return "\n".join(lines)


def _source(name: str, table: pl.DataFrame) -> LinkSource:
    named: dict[str, Any] = {f: f for f in _FIELDS if f in table.columns}
    schemes = [c for c in table.columns if c not in (*_FIELDS, "record_id")]
    identifiers = {s: s for s in schemes}
    return LinkSource(name=name, file="", record_id="record_id", identifiers=identifiers, **named)


def _components(ladder: Ladder, least: float) -> np.ndarray:
    """Plain Splink: everything joined that scores above the threshold, same model, same scores."""
    kept = ladder.edges.filter((pl.col("w") >= least) & (pl.col("rule") != "must-link"))
    a, b, n = kept["rid_l"].to_numpy(), kept["rid_r"].to_numpy(), len(ladder.records)
    return components(a, b, n)


class _Truth:
    """True persons in the ladder's order of records."""

    def __init__(self, ladder: Ladder, truth: pl.DataFrame) -> None:
        self.ladder = ladder
        self.lone = ladder.records["src"].n_unique() == 1
        order = ladder.records.sort("rid").select("rid", "source", "src", "record_id")
        self.table = order.join(
            truth, on=["source", "record_id"], how="left", maintain_order="left"
        )
        self.true = self._pairs(self.table["person"].to_numpy())
        self.shared = self._shared()

    def _pairs(self, label: np.ndarray) -> pl.DataFrame:
        """Pairs of records of two sources that bear one label."""
        table = self.table.select("rid", "src", "person", "multiple").with_columns(
            pl.Series("label", label)
        )
        several = table.filter(pl.len().over("label") > 1)
        both = several.join(several, on="label", suffix="_r")
        return both.filter(
            (pl.col("rid") < pl.col("rid_r"))
            & ((pl.col("src") != pl.col("src_r")) | pl.lit(self.lone))
        )

    def _shared(self) -> set[tuple[int, int]]:
        """Pairs of sources that carry one scheme between them."""
        held = self.ladder.records.group_by("src").agg(
            [
                pl.col(c).is_not_null().any()
                for c in self.ladder.records.columns
                if c.startswith("id_")
            ]
        )
        rows = {r[0]: r[1:] for r in held.iter_rows()}
        return {
            (a, b)
            for a in rows
            for b in rows
            if any(x and y for x, y in zip(rows[a], rows[b], strict=True))
        }

    def _no_shared(self, pairs: pl.DataFrame) -> pl.DataFrame:
        if not self.shared:
            return pairs
        marks = pl.DataFrame(
            sorted(self.shared), schema={"src": pl.Int16, "src_r": pl.Int16}, orient="row"
        )
        return pairs.join(marks, on=["src", "src_r"], how="anti")

    def score(self, method: str, label: np.ndarray) -> Score:
        """Precision, recall and F1 of a labelling of the records."""
        made = self._pairs(label)
        twin = (pl.col("multiple") >= 0) | (pl.col("multiple_r") >= 0)
        right = pl.col("person") == pl.col("person_r")
        overall = _rates(made, self.true)
        twins = _rates(made.filter(twin), self.true.filter(twin))
        apart = (self._no_shared(made), self._no_shared(self.true))
        together = (pl.col("multiple") >= 0) & (pl.col("multiple") == pl.col("multiple_r"))
        wrong = made.filter(~right)
        return Score(
            method, *overall, len(wrong), len(self.true) - (len(made) - len(wrong)), twins,
            _rates(*apart)[2] if len(apart[1]) else None, len(wrong.filter(together)),
            len(made.filter(twin)),
        )  # fmt: skip

    def gaps(self, label: np.ndarray) -> pl.DataFrame:
        """group, pairs, recall, gap: how far each group's recall lies below all (A5)."""
        at = pl.Series("label", label)
        found = self.true.with_columns(
            (at.gather(self.true["rid"]) == at.gather(self.true["rid_r"])).alias("found")
        )
        groups = [c for c in ("community", "poor") if c in self.table.columns]
        joined = found.join(self.table.select("rid", *groups), on="rid")
        overall = joined["found"].mean() or 0.0
        parts = [
            joined.group_by(pl.format("{} {}", pl.lit(c), pl.col(c)).alias("group")).agg(
                pl.len().alias("pairs"), pl.col("found").mean().alias("recall")
            )
            for c in groups
        ]
        if not parts:
            return pl.DataFrame(
                schema={
                    "group": pl.String,
                    "pairs": pl.UInt32,
                    "recall": pl.Float64,
                    "gap": pl.Float64,
                }
            )
        return (
            pl.concat(parts).with_columns((overall - pl.col("recall")).alias("gap")).sort("group")
        )

    def blocking_recall(self) -> float:
        """Share of true pairs that were candidates at all (after the floor of -8 bits)."""
        edges = self.ladder.edges.select("rid_l", "rid_r")
        met = self.true.join(
            edges, left_on=["rid", "rid_r"], right_on=["rid_l", "rid_r"], how="semi"
        )
        return len(met) / max(1, len(self.true))


def _rates(made: pl.DataFrame, true: pl.DataFrame) -> tuple[float, float, float]:
    right = int((made["person"] == made["person_r"]).sum())
    precision = right / len(made) if len(made) else 1.0
    recall = right / len(true) if len(true) else 1.0
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0
