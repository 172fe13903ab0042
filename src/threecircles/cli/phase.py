"""One phase of a run in a process of its own: started by the pipeline, not by people."""

from __future__ import annotations

import sys
from pathlib import Path

from threecircles import pipeline
from threecircles.cli.speak import speaking

if __name__ == "__main__":
    phase, folder, workspace, engine, start = sys.argv[1:]
    with speaking():
        pipeline.run_phase(phase, Path(folder), Path(workspace), engine, start or None)
