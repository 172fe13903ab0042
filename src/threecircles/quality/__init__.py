"""Rules over returns: without this room nobody could say what was checked and what was not."""

from threecircles.quality.checking import check, check_tables
from threecircles.quality.report import Finding, Report, Status

__all__ = ["Finding", "Report", "Status", "check", "check_tables"]
