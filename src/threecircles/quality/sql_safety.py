"""Lets one SELECT through and nothing else: without it a local rule could read or write files."""

from __future__ import annotations

import re

import duckdb

from threecircles.core.errors import DefinitionError

_REACHES_OUT = re.compile(
    r"\b(read_\w+|\w+_scan|glob|getenv|sniff_csv|copy|attach|install|pragma\w*|query_table|query|duckdb_\w+)\s*\(",
    re.IGNORECASE,
)


def check_one_select(sql: str, code: str) -> None:
    """Raise DefinitionError unless the text is exactly one SELECT that reads tables only."""
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise DefinitionError(f"The SQL of rule {code} cannot be read: {first}") from None
    if len(statements) != 1:
        raise DefinitionError(
            f"Rule {code} holds {len(statements)} statements; a rule is one SELECT.",
            mend="Remove the semicolon and what follows it.",
        )
    if statements[0].type != duckdb.StatementType.SELECT:
        raise DefinitionError(
            f"Rule {code} is not a SELECT.", allowed="one SELECT, or a condition over one table"
        )
    if match := _REACHES_OUT.search(sql):
        raise DefinitionError(
            f"Rule {code} calls {match[1]}, which reaches outside the return.",
            allowed="the tables, views and macros of the rule set",
        )
