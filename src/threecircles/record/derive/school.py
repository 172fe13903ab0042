"""School year and phase from the month of birth, which decides them: the day is never needed."""

from __future__ import annotations

import narwhals as nw


def school_year(birth_month: nw.Expr, academic_year: int) -> nw.Expr:
    """National curriculum year in the academic year that ends in `academic_year`.

    birth_month: first day of the month of birth; years change between August and September, so the
    month is enough. Age on 31 August before the year begins, less 4: Reception is 0, age 11 is Year 7.
    Null below Reception (negative would not be a year) and above Year 13.
    """
    turned = nw.when(birth_month.dt.month() <= 8).then(nw.lit(0)).otherwise(nw.lit(1))
    year = academic_year - 1 - birth_month.dt.year() - turned - 4
    return nw.when((year >= 0) & (year <= 13)).then(year)


def phase(year: nw.Expr) -> nw.Expr:
    """Phase of a school year: reception, primary (1-6), secondary (7-11), sixth form (12-13)."""
    return (
        nw.when(year == 0)
        .then(nw.lit("reception"))
        .otherwise(
            nw.when((year >= 1) & (year <= 6))
            .then(nw.lit("primary"))
            .otherwise(
                nw.when((year >= 7) & (year <= 11))
                .then(nw.lit("secondary"))
                .otherwise(nw.when((year >= 12) & (year <= 13)).then(nw.lit("sixth_form")))
            )
        )
    )
