"""A service's own result from its forms: what became of everybody who started, and never of the stayers alone.

The forms come as one table (CSV, Parquet, .sav), from tokens or typed in from paper: service, provider,
person (a token), started_on, occasion, on, lost_reason, and the answers by code. No mapping file is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import narwhals as nw
import polars as pl

from threecircles.core.engines import collect
from threecircles.core.errors import UsageError
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.survey.answer_shares import NO_ANSWER
from threecircles.survey.files import read_answers
from threecircles.survey.measures import measure, option_range
from threecircles.survey.reliability import reliability
from threecircles.survey.score import score_measure
from threecircles.survey.service import SAID, distribution, paired_share, scale_bounds

SCALE = "how_things_are"
NEEDED = ("provider", "person", "started_on", "occasion", "on")
OCCASIONS = ("before", "during", "after", "follow_up")
FIRST_ANSWERS = 100
"""Answers before help from which the scale's reliability must be known before a change is called one."""
EXPERIENCE = ("sense_of_change", "service_experience", "trust")
BOUNDS = ("least", "most", "lost")
"""What stands in the same row as any share: the share were every lost person worse or better, and who was lost."""


def read_cases(path: Path) -> pl.DataFrame:
    """The forms with the short scale's score. Raises UsageError for columns or occasions that are not there."""
    frame = read_answers(path)
    items = [i.code for i in measure(SCALE).items]
    missing = [c for c in (*NEEDED, *items) if c not in frame.columns]
    if missing:
        raise UsageError(
            "The file of forms lacks columns.", where=path.name, found=", ".join(missing),
            allowed=", ".join((*NEEDED, "lost_reason", *items)),
        )  # fmt: skip
    wrong = sorted(set(frame["occasion"].drop_nulls().to_list()) - set(OCCASIONS))
    if wrong:
        raise UsageError(
            "There is no such occasion.", where=path.name, found=", ".join(map(str, wrong)),
            allowed=", ".join(OCCASIONS),
        )  # fmt: skip
    if "lost_reason" not in frame.columns:
        frame = frame.with_columns(lost_reason=pl.lit(None, pl.String))
    numbers = frame.with_columns(
        pl.col(items).cast(pl.Float64), pl.col("provider", "person").cast(pl.String)
    )
    return collect(score_measure(nw.from_native(numbers.lazy()), measure(SCALE)))


def people(forms: pl.DataFrame) -> pl.DataFrame:
    """One row a person of a provider: before, after (the last later answer) and lost_reason where there is none."""
    key = ["provider", "person"]
    first = forms.filter(pl.col("occasion") == "before").sort("on")
    before = first.group_by(key, maintain_order=True).agg(pl.col(SCALE).first().alias("before"))
    later = forms.filter(pl.col("occasion").is_in(["after", "follow_up"])).sort("on")
    after = (
        later.drop_nulls(SCALE)
        .group_by(key, maintain_order=True)
        .agg(pl.col(SCALE).last().alias("after"))
    )
    why = forms.drop_nulls("lost_reason").group_by(key).agg(pl.col("lost_reason").last())
    return before.join(after, on=key, how="left").join(why, on=key, how="left").sort(key)


def measured_scale(forms: pl.DataFrame) -> tuple[float, float] | None:
    """Standard deviation and reliability of the scale before help; None under the first hundred answers."""
    items = [i for i in measure(SCALE).items if i.code in forms.columns]
    before = forms.filter(pl.col("occasion") == "before").drop_nulls([i.code for i in items])
    if before.height < FIRST_ANSWERS:
        return None
    turned = tuple(i.code for i in items if i.reverse)
    told = reliability(
        before.select(i.code for i in items), turned, sum(option_range(items[0].options))
    )
    return float(before[SCALE].std()), told.alpha  # type: ignore[arg-type]


def service_tables(forms: pl.DataFrame, study_id: str, label: str) -> dict[str, list[Measured]]:
    """What became of those who started, and how it is to come here: provider -> its own tables.

    TOTAL holds all together and names no provider; a provider's tables hold its own rows and those of
    all, so that none sees another. Raises UsageError while anybody has no later answer and no reason.
    """
    cases, scale = people(forms), measured_scale(forms)
    result = [r for name, some in _each(cases) for r in _result(name, some, scale)]
    said = [r for name, some in _each(forms) for r in _experience(name, some)]
    told = {}
    for place, name in enumerate(dict.fromkeys((TOTAL, *(str(r["provider"]) for r in result)))):
        own = {name, TOTAL}
        head = "survey-service" if name == TOTAL else f"service-{place}"
        tables = [
            _table(f"{head}-result", study_id, label, [r for r in result if r["provider"] in own])
        ]
        if said:
            rows = [r for r in said if r["provider"] in own]
            tables.append(_table(f"{head}-experience", study_id, label, rows))
        told[name] = tables
    return told


def _table(table_id: str, study_id: str, label: str, rows: list[dict[str, object]]) -> Measured:
    experience = table_id.endswith("experience")
    note = "Each question stands by itself: no total is made. The worker who helps never sees one person's answers."
    spec = TableSpec(
        id=table_id, period=label, unit="people", profile="survey-10", page="survey", step="survey.report",
        title="How it is to come here" if experience else "What became of everybody who started",
        population=f"service{'-experience' if experience else ''}-{study_id}",
        kind="share" if experience else "count",
        dimensions=(Dimension(column="provider", label="Provider"),),
        definitions=EXPERIENCE if experience else (SCALE,),
        values=("value", "low", "high", "numerator", "denominator", "n", *(() if experience else BOUNDS)),
        notes=(note,) if experience else (SAID,),
    )  # fmt: skip
    frame = _frame(rows)
    return Measured(spec, frame.drop(BOUNDS) if experience else frame)


def _each(table: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    names = sorted(table["provider"].unique().to_list())
    yield TOTAL, table
    for name in names if len(names) > 1 else []:
        yield name, table.filter(pl.col("provider") == name)


def _result(
    provider: str, cases: pl.DataFrame, scale: tuple[float, float] | None
) -> Iterator[dict[str, object]]:
    sd, alpha = scale or (1.0, 0.0)
    share = paired_share(cases, sd, alpha)
    gone = sum(share.lost.values())
    for name, value in (
        ("started", share.started), ("paired", share.paired), ("gone", gone), ("still", share.still),
    ):  # fmt: skip
        yield {"provider": provider, "measure": name, "value": value, "n": share.started}
    for reason, count in sorted(share.lost.items()):
        yield {
            "provider": provider,
            "measure": f"lost:{reason}",
            "value": count,
            "n": share.started,
        }
    base = {"provider": provider, "n": share.paired}
    if scale is None or not share.paired:
        yield base | {"measure": "share_better", "value": None, "reason": "not_available"}
        return
    for name, value in distribution(cases, sd, alpha).items():
        yield base | {"measure": name.replace(" ", "_"), "value": value}
    ends = share.interval
    yield base | {
        "measure": "share_better", "value": share.of_paired, "low": ends.low, "high": ends.high,
        "least": share.least, "most": share.most, "lost": gone,
    }  # fmt: skip
    low, high = measure(SCALE).scales[0].range
    worst, middle, best = scale_bounds(cases, low, high)
    yield base | {
        "measure": "mean_change", "value": middle, "low": worst, "high": best, "least": worst, "most": best, "lost": gone,
    }  # fmt: skip


def _experience(provider: str, forms: pl.DataFrame) -> Iterator[dict[str, object]]:
    later = forms.filter(pl.col("occasion") != "before")
    for name in EXPERIENCE:
        for item in measure(name).items:
            if item.code not in later.columns or later[item.code].null_count() == later.height:
                continue
            given = later[item.code].cast(pl.Float64)
            first, last = option_range(item.options)
            for value in range(int(first), int(last) + 1):
                yield {
                    "provider": provider, "measure": f"{item.code}:{value}", "n": later.height,
                    "value": float((given == value).sum()) / later.height,
                }  # fmt: skip
            none = given.null_count() / later.height
            yield {
                "provider": provider,
                "measure": f"{item.code}:{NO_ANSWER}",
                "n": later.height,
                "value": none,
            }


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    floats = dict.fromkeys(
        ("value", "low", "high", "numerator", "denominator", *BOUNDS), pl.Float64
    )
    schema = {
        "provider": pl.String,
        "measure": pl.String,
        **floats,
        "n": pl.Int64,
        "reason": pl.String,
    }
    whole = [{c: r.get(c) for c in schema} for r in rows]
    return pl.DataFrame(whole, schema=schema, strict=False)
