"""What came of each case drawn: without it a response rate is what its owner would like it to be.

Source: response rate 3 of the American Association for Public Opinion Research, Standard Definitions.
"""

from __future__ import annotations

import polars as pl

from threecircles.core.errors import UsageError

OUTCOMES = ("completed", "refused", "no_contact", "language", "not_eligible", "unknown")
ATTEMPTS, MODES = 4, 2
"""Attempts on different days and times, and modes, before a case may be closed as no contact."""


def outcomes(log: pl.DataFrame) -> pl.DataFrame:
    """The last outcome of each case, refusing cases given up too soon.

    log: one row an attempt: code, at (datetime), mode (letter, telephone, visit, e-mail ...), outcome
    (one of OUTCOMES, or null while the case is open). Returns code, outcome, attempts.
    Raises UsageError for an unknown outcome, and for `no_contact` or `unknown` after fewer than four
    attempts on different days and hours in two modes.
    """
    wrong = sorted(set(log["outcome"].drop_nulls().to_list()) - set(OUTCOMES))
    if wrong:
        raise UsageError("The contact log has outcomes that are not known.", found=", ".join(wrong), allowed=", ".join(OUTCOMES))  # fmt: skip
    last = (
        log.sort("at")
        .group_by("code", maintain_order=True)
        .agg(
            pl.col("outcome").drop_nulls().last(),
            pl.len().alias("attempts"),
            pl.col("at").dt.date().n_unique().alias("_days"),
            pl.col("at").dt.hour().n_unique().alias("_hours"),
            pl.col("mode").n_unique().alias("_modes"),
        )
        .with_columns(pl.col("outcome").fill_null("unknown"))
    )
    closed = log.filter(pl.col("outcome") == "no_contact")["code"].unique()
    soon = last.filter(
        pl.col("code").is_in(closed.implode()),
        pl.col("outcome") == "no_contact",
        (pl.col("_days") < ATTEMPTS) | (pl.col("_modes") < MODES) | (pl.col("_hours") < 2),
    )
    if soon.height:
        raise UsageError(
            f"{soon.height} cases were given up too soon.",
            found=", ".join(map(str, soon["code"].sort().head(5))),
            allowed=f"at least {ATTEMPTS} attempts on different days and times, in {MODES} modes",
            mend="Try them again, or give the outcome they had.",
        )
    return last.drop("_days", "_hours", "_modes").sort("code")


def response_rates(
    cases: pl.DataFrame, by: tuple[str, ...] = (), eligible: float | None = None
) -> pl.DataFrame:
    """Completed / (completed + refused + no contact + language + e x unknown), in all and by group.

    cases: one row a case with `outcome`. eligible: e, the share of the unknown taken to be eligible;
    left out, the share among cases whose eligibility is known. Returns by columns, asked, completed,
    one column an outcome, e, response_rate (null where nobody was eligible).
    """
    counts = [(pl.col("outcome") == o).sum().alias(o) for o in OUTCOMES]
    table = cases.group_by(by).agg(counts) if by else cases.select(counts)
    known = cases.filter(pl.col("outcome") != "unknown")
    able = known.filter(pl.col("outcome") != "not_eligible").height
    e = eligible if eligible is not None else (able / known.height if known.height else 1.0)
    base = (
        pl.col("completed")
        + pl.col("refused")
        + pl.col("no_contact")
        + pl.col("language")
        + e * pl.col("unknown")
    )
    return table.with_columns(
        pl.sum_horizontal(OUTCOMES).alias("asked"),
        pl.lit(e).alias("e"),
        pl.when(base > 0).then(pl.col("completed") / base).alias("response_rate"),
    ).sort(by or ["asked"])
