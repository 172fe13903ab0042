"""How much may still be told with noise: without it many small answers would add up to a child's record.

The loss is written down and committed before any noise is drawn, so that a killed process has spent
what it may have told. Epsilons are whole millionths: they add up exactly.
"""

from __future__ import annotations

import math
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from threecircles.core.errors import NotPermitted, UsageError

FILE = "budget.sqlite"
MILLION = 1_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS budget (
  dataset TEXT NOT NULL, audience TEXT NOT NULL, period TEXT NOT NULL, epsilon INTEGER NOT NULL,
  unit TEXT NOT NULL, contributions INTEGER NOT NULL, PRIMARY KEY (dataset, audience, period));
CREATE TABLE IF NOT EXISTS spent (
  seq INTEGER PRIMARY KEY, dataset TEXT NOT NULL, audience TEXT NOT NULL, period TEXT NOT NULL,
  epsilon INTEGER NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS spent_kept BEFORE DELETE ON spent BEGIN SELECT RAISE(ABORT, 'what is spent is spent'); END;
CREATE TRIGGER IF NOT EXISTS spent_fixed BEFORE UPDATE ON spent BEGIN SELECT RAISE(ABORT, 'what is spent is spent'); END;
"""


@dataclass(frozen=True)
class Budget:
    """What may be told of a dataset to an audience in a period. epsilon, spent: millionths.

    contributions: the most rows one child adds; more are left out before counting.
    """

    dataset: str
    audience: str
    period: str
    epsilon: int
    spent: int
    contributions: int


@dataclass(frozen=True)
class Noisy:
    """A count with noise. within: 19 times in 20 the noise is no larger."""

    value: int
    within: float
    epsilon: float

    def text(self) -> str:
        """The figure in words."""
        return f"{self.value:,}, within {self.within:g} of the count 19 times in 20"


def millionths(epsilon: float | str) -> int:
    """Epsilon as whole millionths. Raises UsageError when it is not a positive number of them."""
    exact = Fraction(str(epsilon)) * MILLION
    if exact.denominator != 1 or exact <= 0:
        raise UsageError(
            "Epsilon is a positive number with at most six decimals.", found=str(epsilon)
        )
    return int(exact)


def grant(
    workspace: Path,
    dataset: str,
    audience: str,
    period: str,
    epsilon: float | str,
    contributions: int = 1,
) -> Budget:
    """Set the budget of a dataset, once. Raises UsageError when it is set already."""
    with _book(workspace) as book:
        try:
            book.execute(
                "INSERT INTO budget VALUES (?,?,?,?,?,?)",
                (dataset, audience, period, millionths(epsilon), "child", contributions),
            )
        except sqlite3.IntegrityError:
            raise UsageError(
                "This budget is set already, and a budget is never raised.",
                found=f"{dataset}, {audience}, {period}",
            ) from None
    return show(workspace, dataset, audience, period)


def show(workspace: Path, dataset: str, audience: str, period: str) -> Budget:
    """A budget and what is spent of it. Raises UsageError when there is none."""
    with _book(workspace) as book:
        return _budget(book, dataset, audience, period)


def budgets(workspace: Path) -> list[Budget]:
    """All budgets of a workspace."""
    with _book(workspace) as book:
        keys = book.execute(
            "SELECT dataset, audience, period FROM budget ORDER BY 1, 2, 3"
        ).fetchall()
        return [_budget(book, *key) for key in keys]


def noisy_count(
    workspace: Path,
    dataset: str,
    audience: str,
    period: str,
    count: int,
    epsilon: float | str,
    what: str,
) -> Noisy:
    """A count with whole-number noise, paid for first.

    count: with each child's contributions already bounded by the budget's clamp. Raises NotPermitted
    when the budget does not hold it. Values below nought are left as they are, so that sums stay true.
    """
    asked = millionths(epsilon)
    with _book(workspace) as book:
        budget = _budget(book, dataset, audience, period)
        if budget.spent + asked > budget.epsilon:
            raise NotPermitted(
                "The budget does not hold this.", found=f"asked {asked / MILLION:g}, left {(budget.epsilon - budget.spent) / MILLION:g}",
                mend="Wait for the next period, or ask less.",
            )  # fmt: skip
        book.execute(
            "INSERT INTO spent (dataset, audience, period, epsilon, what, at) VALUES (?,?,?,?,?,?)",
            (
                dataset,
                audience,
                period,
                asked,
                what,
                datetime.now(UTC).isoformat(timespec="seconds"),
            ),
        )
    scale = Fraction(budget.contributions * MILLION, asked)
    return Noisy(
        count + discrete_laplace(scale),
        noise_within(asked / MILLION / budget.contributions),
        asked / MILLION,
    )


def discrete_laplace(scale: Fraction) -> int:
    """Whole-number Laplace noise, drawn exactly from the system's random source.

    P(x) is in proportion to exp(-|x| / scale). No floating point, so no low bits that tell.
    Source: Canonne, Kamath, Steinke, The discrete Gaussian for differential privacy, 2020, algorithm 2.
    """
    t, s = scale.numerator, scale.denominator
    while True:
        u = secrets.randbelow(t)
        if not _bernoulli_exp(Fraction(u, t)):
            continue
        v = 0
        while _bernoulli_exp(Fraction(1)):
            v += 1
        size = (u + t * v) // s
        negative = secrets.randbelow(2) == 1
        if not (negative and size == 0):
            return -size if negative else size


def factor(epsilon: float) -> float:
    """How many times likelier any conclusion is at most because one child's record is in."""
    return math.exp(epsilon)


def noise_within(epsilon: float, share: float = 0.95) -> float:
    """The size that the Laplace noise of a count stays within, this share of the time."""
    return -math.log(1 - share) / epsilon


def mean_absolute_error(epsilon: float) -> float:
    """The mean size of the whole-number noise of a count."""
    a = math.exp(-epsilon)
    return 2 * a / (1 - a * a)


def words(epsilon: float) -> str:
    """What epsilon means, for people."""
    return (
        f"With epsilon {epsilon:g} whatever anyone concludes is at most {factor(epsilon):.1f} times likelier because "
        f"your record is in; a count is within {noise_within(epsilon):.0f} of the truth 19 times in 20."
    )


def _bernoulli_exp(x: Fraction) -> bool:
    """True with probability exp(-x), for x from 0 to 1."""
    k = 1
    while secrets.randbelow(x.denominator * k) < x.numerator:
        k += 1
    return k % 2 == 1


def _budget(book: sqlite3.Connection, dataset: str, audience: str, period: str) -> Budget:
    row = book.execute(
        "SELECT epsilon, contributions FROM budget WHERE dataset = ? AND audience = ? AND period = ?",
        (dataset, audience, period),
    ).fetchone()
    if row is None:
        raise UsageError(
            "There is no such budget.",
            found=f"{dataset}, {audience}, {period}",
            mend="`threecircles budget show` names them.",
        )
    (spent,) = book.execute(
        "SELECT coalesce(sum(epsilon), 0) FROM spent WHERE dataset = ? AND audience = ? AND period = ?",
        (dataset, audience, period),
    ).fetchone()
    return Budget(dataset, audience, period, row[0], spent, row[1])


@contextmanager
def _book(workspace: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(Path(workspace) / FILE, timeout=60, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        # One at a time from the first look to the commit: two must not spend the same rest.
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    finally:
        connection.close()
