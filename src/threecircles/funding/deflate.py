"""Money of one year in the prices of another: without a named series no figure may call itself real."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.core.rounding import round_half_away
from threecircles.definitions import Definition, load, load_text


@dataclass(frozen=True, kw_only=True)
class Deflator(Definition):
    """A price series. values: index by the year in which a financial year ends, as text."""

    publisher: str
    published_on: str
    base_year: int
    values: dict[str, float]
    source_url: str = ""

    def index(self, year: int) -> float:
        """The index of a year. Raises UsageError naming a year outside the series."""
        if str(year) not in self.values:
            raise UsageError(
                f"The series {self.id} has no index for {year - 1}-{year % 100:02d}.",
                allowed=f"{min(self.values)} to {max(self.values)}",
                mend="Give a newer series; none is made up.",
            )
        return self.values[str(year)]

    def said(self, base: int) -> str:
        """How a figure in these prices is labelled."""
        return f"{base - 1}-{base % 100:02d} prices ({self.label}, {self.published_on})"


def load_deflator(name: str | None) -> Deflator:
    """A shipped series by id, or a file by path. Raises UsageError when none is named."""
    if not name:
        raise UsageError(
            "A figure in real terms needs a named price series.",
            mend="Give --deflator FILE.yaml with the series you use; cash figures need none.",
        )
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.exists():
            raise UsageError("There is no such price series.", where=name)
        return load_text(path.read_text(encoding="utf-8-sig"), Deflator, where=path.name)
    return load(f"deflators/{name}", Deflator)


def real_pence(pence: int, year: int, base: int, series: Deflator | None) -> int:
    """Pence of `year` in the prices of `base`: nominal x index[base] / index[year], halves away from nought.

    Raises UsageError without a series, or for a year outside it.
    """
    if series is None:
        raise UsageError("A figure in real terms needs a named price series.")
    return int(round_half_away(pence * series.index(base) / series.index(year)))
