"""Where a child can get help, as data with the day it was checked: a wrong number is worse than none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from threecircles.definitions import Definition
from threecircles.survey.study import Line


@dataclass(frozen=True, kw_only=True)
class HelpLines(Definition):
    """National lines: definitions/questionnaires/help/national.yaml."""

    lines: list[Line]
    checked_on: date
