"""How much memory the process has taken at most: without it no figure of a long piece of work could be planned on."""

from __future__ import annotations

import sys


def peak_memory_mb() -> float | None:
    """Largest resident size so far in megabytes; None where the system does not say (Windows)."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts in bytes, Linux in kilobytes.
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def no_core_dumps() -> None:
    """Let this process leave no image of its memory behind when it crashes (nothing to do on Windows)."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
