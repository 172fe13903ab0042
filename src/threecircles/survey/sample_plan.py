"""A sample planned on one page: without it nobody could say who had a chance to be asked.

id: parents-2027
label: Parents of children under 5, spring 2027
frames:
  - {id: births, label: Birth list, file: births.csv, date: 2027-01-10,
     missing: children who moved in since birth, overlap: every nursery child born here}
share: 0.24                # of parents with high need, from last time or from elsewhere
half_width: 0.04           # how sure the answer of each area must be
deff: 1.3
population: 40000
response: 0.45             # left out: the page shows half, same and double of what you think
domains: [area]
strata: [area, age_band, deprivation_third]
allocation: proportional   # equal, proportional or neyman (with `spread`)
floor: 20
seed: 20270110
reserves: 4                # whole replicates, each a tenth of the draw
cost_per_case: 900         # pence
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from threecircles.core import sample_size
from threecircles.core.dates import in_words
from threecircles.core.errors import UsageError
from threecircles.core.sampling import Allocation
from threecircles.definitions.loader import load_text


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A list that can be drawn from. missing: who is not on it. overlap: who is on another too."""

    id: str
    label: str
    file: str
    date: date
    missing: str
    overlap: str = "none known"


@dataclass(frozen=True, kw_only=True)
class SamplePlan:
    """What a sample is to show, who can be drawn, and how.

    share, half_width, response: proportions. population: children in one reporting area. cost_per_case:
    pence. reserves: replicates, each of `reserve_share` of the first draw.
    """

    id: str
    label: str
    frames: tuple[Frame, ...]
    share: float
    half_width: float
    seed: int
    deff: float = 1.0
    population: int | None = None
    areas: int = 1
    response: float | None = None
    domains: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    allocation: Allocation = "proportional"
    spread: dict[str, float] = field(default_factory=dict)
    floor: int = 0
    reserves: int = 0
    reserve_share: float = 0.1
    cost_per_case: int | None = None

    def completed(self) -> int:
        """Completed answers the plan needs, over all its reporting areas."""
        each = sample_size.completed(self.share, self.half_width, self.deff, self.population)
        return each * self.areas

    def to_ask(self, response: float | None = None) -> int:
        """Cases to draw at a response; the plan's own when none is given.

        Raises UsageError when neither says one: no response is taken for granted.
        """
        expected = self.response if response is None else response
        if expected is None:
            raise UsageError(
                f"The plan {self.id} does not say how many are expected to answer.",
                allowed="response: a share above 0 and at most 1, for example 0.45",
                mend="Look at the table of half, same and double, and choose.",
            )
        return sample_size.to_ask(self.completed(), expected)


def read_plan(path: Path) -> SamplePlan:
    """The plan of a YAML file. Raises DefinitionError with file and line, UsageError for its figures."""
    plan = load_text(path.read_text(encoding="utf-8"), SamplePlan, str(path))
    for name, value in (("share", plan.share), ("half_width", plan.half_width)):
        if not 0 < value < 1:
            raise UsageError(f"{name} is a proportion.", where=str(path), found=str(value),
                             allowed="above 0 and below 1, for example 0.24")  # fmt: skip
    if not plan.frames:
        raise UsageError("The plan names no frame.", where=str(path), mend="Say which lists can be drawn from, with their date and who is missing from them.")  # fmt: skip
    return plan


def page(plan: SamplePlan) -> str:
    """The plan on one page for a manager: who can be drawn, how many, how sure, and the price of surer."""
    lines = [f"# {plan.label}", "", "## Who can be drawn, and who cannot", ""]
    for frame in plan.frames:
        lines.append(f"- {frame.label}, as of {in_words(frame.date)}. Not on it: {frame.missing}. "
                     f"On another list too: {frame.overlap}.")  # fmt: skip
    lines += ["", "## How sure the answer will be", "", "| plus or minus | completed answers |"
              + "".join(f" asked if {100 * r:.0f}% answer |" for r in _responses(plan)) + _head(plan),
              "|---|---|" + "---|" * len(_responses(plan)) + ("---|" if plan.cost_per_case else "")]  # fmt: skip
    for half in sorted({plan.half_width * f for f in (0.5, 0.75, 1.0, 1.5)}):
        lines.append(_line(plan, half))
    lines += ["", f"For a share near {100 * plan.share:.0f}%, design effect {plan.deff:g}, in each of {plan.areas} "
              f"reporting area{'s' if plan.areas > 1 else ''}. A smaller group is less sure: 110 answers give "
              f"plus or minus {100 * sample_size.half_width(110, plan.share):.0f} points."]  # fmt: skip
    lines += ["", "## How they are drawn", "",
              f"By lot, {plan.allocation} over {', '.join(plan.strata) or 'the whole list'}, at least {plan.floor} a group where "
              f"there are as many; one child a household; seed {plan.seed}. {plan.reserves} reserve lots stand by; each is "
              "released whole and worked to its end."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _responses(plan: SamplePlan) -> list[float]:
    thought = 0.4 if plan.response is None else plan.response
    return [thought / 2, thought, min(1.0, thought * 2)]


def _head(plan: SamplePlan) -> str:
    return "" if plan.cost_per_case is None else " cost at the middle response |"


def _line(plan: SamplePlan, half: float) -> str:
    n = plan.areas * sample_size.completed(plan.share, half, plan.deff, plan.population)
    asked = [sample_size.to_ask(n, r) for r in _responses(plan)]
    cost = "" if plan.cost_per_case is None else f" £{asked[1] * plan.cost_per_case / 100:,.0f} |"
    return f"| {100 * half:.1f} points | {n:,} |" + "".join(f" {a:,} |" for a in asked) + cost
