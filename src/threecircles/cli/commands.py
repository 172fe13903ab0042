"""Gathers the command groups, so that each file of commands can be read alone."""

from __future__ import annotations

from importlib import import_module

import typer

GROUPS = (
    "place",
    "pages",
    "quality",
    "fit",
    "identity",
    "record",
    "need",
    "survey",
    "funding",
    "disclosure",
    "release",
    "extract",
    "quote",
    "rights",
    "policy",
    "audit_log",
    "agreement",
    "account",
    "key",
    "catalogue",
    "dpia",
)
"""Modules beside this one; each has `register(app)`."""


def register(app: typer.Typer) -> None:
    """Add every command to the app."""
    for group in GROUPS:
        import_module(f"threecircles.cli.{group}").register(app)
