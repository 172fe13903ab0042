"""The twelve tables of an audit: weighted shares with intervals, each handed on to be made safe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from threecircles.core.design import Design, estimate, proportion
from threecircles.core.errors import UsageError
from threecircles.core.safety import Grant
from threecircles.core.tables import TOTAL, Dimension, Measured, TableSpec
from threecircles.need.audit.derived import LABELS, with_derived
from threecircles.need.audit.form import BLANKS, Form
from threecircles.need.audit.gate import decided

NOT_CODED = "not_coded"
WEIGHT, STRATUM, FPC, WHO = "weight", "_stratum", "n_stratum", "agency"
TITLES = {
    "t1": "Who is referred, by agency", "t2": "Area and deprivation", "t3": "Family and household",
    "t4": "Risks", "t5": "Strengths", "t6": "Needs by area of life", "t7": "Impairment and social exclusion",
    "t8": "Services received and how long", "t9": "Need by service", "t10": "Agencies together", "t11": "Likely outcomes",
    "t13": "Who the access rule lets in",
}  # fmt: skip
"""Table -> title. t12 lays the others beside another exercise (`beside`); t13 comes with a rule."""
ADMITTED = {"admitted": "The rule lets in", "missed": "The rule leaves out"}


@dataclass(frozen=True)
class Asked:
    """One question of a table: its column in the coded cases, its words and those of its answers."""

    table: str
    column: str
    label: str
    values: dict[str, str]


def audit_tables(
    coded: pl.DataFrame, form: Form, study: str, period: str, grant: Grant | None, *, by: str = WHO
) -> list[Measured]:
    """Measured tables of an audit, a question each, by agency of referral; `disclosure` makes them safe together.

    by: another column of the cases in its place, such as `group` (sorts.with_groups): the profile of each
    group that people made; a column `rule` (sorts.admitted) is then told too.

    coded: one row a case (coding.settled_codes) with agency, area, age_band, weight, n_stratum. period: in
    words. Each row is a share in percent of all cases of the agency (or of all), weighted, with its 95%
    interval by stratum and with the finite population allowed for; n: cases read, unweighted. "Not known" and
    "not in file" are answers of their own, so the shares of a question come to 100. Ids begin with the
    number of the table (t4-risk-poverty).

    Raises NotPermitted without an ethics decision, UsageError when no case is coded or a weight is missing.
    """
    ethics = decided(grant, "No table of an audit may be made")
    if coded.is_empty():
        raise UsageError(
            "No case has been read yet.", mend="Fill in forms first: threecircles needs-audit form."
        )
    if coded[WEIGHT].null_count():
        raise UsageError(
            "A case has no weight.",
            mend="Draw the cases with `needs-audit plan`, which writes weights.",
        )
    told = with_derived(coded, form).with_columns(
        pl.concat_str(["agency", "area", "age_band"], separator="|", ignore_nulls=True).alias(
            STRATUM
        )
    )
    asked = list(_questions(told, form))
    if "rule" in told.columns:
        asked.append(Asked("t13", "rule", "The access rule, tried on the sample", ADMITTED))
    told = told.with_columns([pl.col(q.column).fill_null(NOT_CODED) for q in asked])
    shares = _shares(told, asked, by)
    return [_measured(told, q, by, shares, (study, period, ethics)) for q in asked]


def _questions(told: pl.DataFrame, form: Form) -> Iterator[Asked]:
    areas = {a: a for a in sorted(told["area"].drop_nulls().unique())}
    ages = {a: a for a in sorted(told["age_band"].drop_nulls().unique())}
    yield Asked("t1", "age_band", "Age", ages)
    yield Asked("t2", "area", "Area", areas)
    known = form.fields
    for table, codes in (
        ("t2", ("deprivation",)), ("t3", ("sex", "household")), ("t4", _of(form, "risk")),
        ("t5", _of(form, "protective")), ("t6", _of(form, "need")), ("t7", _of(form, "impairment")), ("t11", ("outcome",)),
    ):  # fmt: skip
        for code in codes:
            if code in known:
                yield Asked(table, code, known[code].text, known[code].choices)
    yield Asked("t3", "children_band", "Children in the home", _words("1", "2", "3", "4_or_more"))
    steps = next((f.choices for f in form.of_part("impairment") if f.ordered), {})
    yield Asked("t7", "impairment_overall", "Overall, the highest of the areas", steps)
    first = known.get("service_type_1")
    kinds = first.choices if first else {}
    yield Asked("t8", "service_type_1", "First service", kinds | _words("none"))
    yield Asked("t8", "service_length", "Longest service", _words("under_3", "3_to_11", "12_and_over", "going_on"))  # fmt: skip
    for code in _of(form, "need"):
        met = code.replace("need_", "met_", 1)
        yield Asked("t9", met, known[code].text, _words("met", "unmet", "low_need_in_service", "neither"))  # fmt: skip
    yield Asked("t10", "agencies_number", "Agencies that knew the child", _words("one", "two", "three_or_more"))  # fmt: skip
    sets = told["agencies_set"].drop_nulls().unique().sort()
    names = known["known_to"].choices if "known_to" in known else {}
    yield Asked("t10", "agencies_set", "Which agencies together", {s: _spoken(s, names) for s in sets})  # fmt: skip


def _of(form: Form, part: str) -> tuple[str, ...]:
    return tuple(f.code for f in form.of_part(part))


def _words(*values: str) -> dict[str, str]:
    return {v: LABELS[v] for v in values}


def _spoken(together: str, names: dict[str, str]) -> str:
    return " and ".join(names.get(a, a).lower() for a in together.split(" and ")).capitalize()


def _shares(told: pl.DataFrame, asked: list[Asked], by: str) -> pl.DataFrame:
    """Weighted shares in percent with their ends, of every answer (statistic: column=value), in one pass a grouping."""
    design = Design(weight=WEIGHT, stratum=STRATUM, fpc=FPC, lonely="centre")
    wanted = [proportion(q.column, v) for q in asked for v in sorted(told[q.column].unique())]
    sizes = [proportion(by, g) for g in sorted(told[by].unique())]
    columns = [by, "statistic", "value", "low", "high"]
    everybody = pl.lit(TOTAL).alias(by)
    whole = estimate(told, design, [*wanted, *sizes]).with_columns(everybody).select(columns)
    parts = estimate(told, design, wanted, by=[by]).select(columns)
    return pl.concat([whole, parts]).with_columns(
        [pl.col(c).clip(0, 1) * 100 for c in ("value", "low", "high")]
    )


def _measured(
    told: pl.DataFrame, asked: Asked, by: str, shares: pl.DataFrame, said: tuple[str, str, str]
) -> Measured:
    study, period, ethics = said
    groups = tuple(sorted(told[by].unique()))
    words = asked.values | BLANKS | {NOT_CODED: "Not answered by the reader"}
    rows = told.rename({asked.column: "answer"})
    seen = [v for v in words if v in set(rows["answer"].unique())]
    shown = _of_column(shares, asked.column, "answer")
    if asked.table == "t1":
        sizes = _of_column(shares, by, by, drop=by).with_columns(pl.lit(TOTAL).alias("answer"))
        shown = pl.concat([shown, sizes.select(shown.columns)])
    everybody = pl.lit(TOTAL).alias(by)
    counts = pl.concat(
        [
            rows.group_by(by, "answer").len("n"),
            rows.group_by(everybody, "answer").len("n"),
            rows.group_by(by).len("n").with_columns(pl.lit(TOTAL).alias("answer")),
            rows.group_by(everybody).len("n").with_columns(pl.lit(TOTAL).alias("answer")),
        ],
        how="diagonal",
    )
    frame = (
        counts.join(shown, on=[by, "answer"], how="left")
        .with_columns(
            n=pl.col("n").cast(pl.Int64),
            measure=pl.lit("audit_cases"),
            reason=pl.lit(None, pl.String),
        )
        .rename({"answer": asked.column})
        .select(by, asked.column, "measure", "value", "low", "high", "n", "reason")
        .sort(by, asked.column)
    )
    spec = TableSpec(
        id=f"{asked.table}-{asked.column.replace('_', '-')}", title=f"{TITLES[asked.table]}: {asked.label}",
        population=f"needs-audit-{study}", period=period, unit="percent of cases", kind="count",
        values=("value", "low", "high", "n"),
        dimensions=(
            Dimension(column=by, label=by.capitalize(), order=(TOTAL, *groups), labels={TOTAL: "All"}),
            Dimension(column=asked.column, label=asked.label, order=(TOTAL, *seen), labels=words | {TOTAL: "All cases"}),
        ),
        notes=(f"Ethics decision {ethics}. A sample of case files: weighted, with 95% intervals.",), step="need.audit",
    )  # fmt: skip
    return Measured(spec, frame)


def _of_column(shares: pl.DataFrame, column: str, name: str, drop: str = "") -> pl.DataFrame:
    """The shares of one column's answers, the answer under `name`."""
    told = pl.col("statistic").str.strip_prefix(f"{column}=").alias(name)
    found = shares.filter(pl.col("statistic").str.starts_with(f"{column}="))
    return (found.drop(drop) if drop else found).with_columns(told).drop("statistic")
