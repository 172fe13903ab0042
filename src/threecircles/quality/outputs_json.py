"""The report for other programs: without it every caller would parse a page made for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from threecircles.quality.report import Report
from threecircles.quality.stored import rules_table

SCHEMA = "threecircles.quality.report"
VERSION = 1
"""Raised when a field is renamed or leaves; a new field does not raise it."""


def report_json(report: Report, findings: pl.DataFrame) -> dict[str, Any]:
    """The report as plain values.

    schema, version; return, year, mode, window; headline; counts of ran, skipped, failed; rules (one
    object a rule with state, reason, places); findings (one object a line of the stored table).
    """
    covers = report.window
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "contains_personal_data": True,
        "return": report.return_name,
        "year": report.year,
        "mode": report.mode,
        "window": [covers.start.isoformat(), covers.end.isoformat()] if covers else None,
        "headline": report.headline(),
        "counts": {state: report.count(state) for state in ("ran", "skipped", "failed")},
        "notes": list(report.notes),
        "rules": rules_table(report).to_dicts(),
        "findings": findings.to_dicts(),
    }


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of report_json."""
    text = {"type": ["string", "null"]}
    whole = {"type": ["integer", "null"]}
    rule = {
        "type": "object",
        "required": ["rule", "state", "reason"],
        "properties": {
            "rule": {"type": "string"},
            "state": {"enum": ["ran", "skipped", "failed"]},
            "reason": {"type": "string"},
            "places": whole,
        },
    }
    finding = {
        "type": "object",
        "required": ["finding_id", "rule", "severity", "message"],
        "properties": {
            "finding_id": {"type": "string"},
            "rule": {"type": "string"},
            "severity": {"enum": ["error", "query"]},
            "table": text,
            "row": whole,
            "column": text,
            "message": {"type": "string"},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of a check",
        "type": "object",
        "required": ["schema", "version", "headline", "counts", "rules", "findings"],
        "properties": {
            "schema": {"const": SCHEMA},
            "version": {"const": VERSION},
            "headline": {"type": "string"},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "rules": {"type": "array", "items": rule},
            "findings": {"type": "array", "items": finding},
        },
    }


def write_json(report: Report, findings: pl.DataFrame, path: Path) -> Path:
    """Write the report as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(report_json(report, findings), ensure_ascii=False, default=str), encoding="utf-8"
    )
    return path
