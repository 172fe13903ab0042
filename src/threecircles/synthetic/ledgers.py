"""A partner's ledger with the mapping it is read by: without it no money but the council's would show in a made-up place."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from threecircles.synthetic.marks import marked

FOLDER = "partners"
"""Below received/: where a made-up place keeps its partners' ledgers."""
MAPPING = """\
# Made-up data: how the health board's ledger is read (threecircles spend map).
id: health-board
label: the health board's ledger
source: Made-up ledger of the financial year ending in {year}
agency: health
columns: {{line: line, label: label, agency: agency, gross: gross, income: income, net: net,
  funding_source: funding_source, term: term, ends_on: ends_on, pool_id: pool_id, fenced_to: fenced_to}}
terms: {{goes on: recurrent}}
"""

JOINT_MAPPING = """\
# Made-up data: how the statement of the joint budget is read (threecircles spend map).
id: joint-budget
label: the statement of the joint budget
source: Made-up statement of the financial year ending in {year}
agency: local authority
columns: {{line: line, label: label, agency: agency, gross: gross, income: income, net: net,
  funding_source: funding_source, term: term, ends_on: ends_on, pool_id: pool_id, fenced_to: fenced_to}}
agencies: {{{agencies}}}
terms: {{goes on: recurrent}}
"""


def write_partner(ledger: pl.DataFrame, received: Path, year: int) -> Path:
    """Write the health board's ledger (`funds.health_ledger`) as CSV with its mapping beside it.

    The board also holds the share of the police in the pool, so its rows name their agency.
    """
    folder = received / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / marked(f"health_ledger_{year}.csv")
    ledger.write_csv(path)
    path.with_suffix(".yaml").write_text(MAPPING.format(year=year), encoding="utf-8")
    return path


def write_statement(table: pl.DataFrame, received: Path, year: int) -> Path:
    """Write the statement as CSV with the mapping it is read by beside it."""
    folder = received / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / marked(f"joint_pool_{year}.csv")
    table.write_csv(path)
    agencies = ", ".join(f'"{name}": local authority' for name in table["agency"].unique().sort())
    path.with_suffix(".yaml").write_text(
        JOINT_MAPPING.format(year=year, agencies=agencies), encoding="utf-8"
    )
    return path
