"""Commands that bring questionnaires in and hand them out, and make recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(group: typer.Typer) -> None:
    """Add import, export and audio to the group survey."""
    group.command()(audio)


def audio(
    questionnaire: Annotated[str, typer.Argument(help="Name of a questionnaire.")],
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", metavar="DIR", help="Where the recordings go.")
    ] = Path(),
    language: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
) -> None:
    """Made-up voices for a demonstration, by a speech program on this machine (espeak-ng).

    Example: threecircles survey audio pupils_9_11 --language pl
    """
    from threecircles.survey.recordings import make_recordings, missing_recordings

    made = make_recordings(questionnaire, language, workspace)
    left = missing_recordings(questionnaire, language, workspace)
    print(f"{made} recordings made; {len(left)} texts still have none.")
