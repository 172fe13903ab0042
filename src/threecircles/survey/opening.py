"""The mark that a study is open: without it a server would let in codes of studies that nobody allowed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from threecircles.survey.study import Study, folder_of

OPENED = "opened.json"


def mark_open(workspace: Path, study: Study, ethics_id: str, versions: tuple[str, ...]) -> Path:
    """Write that a study is open; the server then lets its codes in."""
    path = folder_of(workspace, study.id) / OPENED
    told = {
        "study": study.id, "on": date.today().isoformat(), "ethics_id": ethics_id, "questionnaires": list(versions),
    }  # fmt: skip
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path
