"""The dissemination kit: without it a released pack would be read by those who read packs, and by nobody else."""

from threecircles.report.kit.write import write_kit

__all__ = ["write_kit"]
