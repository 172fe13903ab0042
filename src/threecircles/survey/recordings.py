"""Recordings of questions: children who read with effort would otherwise guess.

A real study records voices; a demonstration lets a speech program of this machine (espeak-ng) read.
Recordings lie in the workspace, `surveys/audio/<language>/<key>.wav|opus|m4a|mp3`, never in the package.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.survey.questionnaire import questionnaire
from threecircles.survey.wording import texts

KINDS = ("opus", "m4a", "mp3", "wav")


def folder_of(workspace: Path, language: str) -> Path:
    """Where the recordings of a language lie."""
    return workspace / "surveys" / "audio" / language


def spoken_texts(name: str, language: str, home: Path) -> dict[str, str]:
    """Texts of a questionnaire that are read aloud, by key."""
    told = texts(questionnaire(name, home), language, home)
    return {
        k: v for k, v in told.items() if k.startswith(("item.", "stem.", "option.", "hint.")) and v
    }


def missing_recordings(name: str, language: str, workspace: Path) -> list[str]:
    """Keys without a recording: the browser's own voice would read them."""
    folder = folder_of(workspace, language)
    wanted = spoken_texts(name, language, workspace)
    return [k for k in wanted if not any((folder / f"{k}.{kind}").exists() for kind in KINDS)]


def make_recordings(name: str, language: str, workspace: Path) -> int:
    """Let espeak-ng read every text that has no recording; returns how many were made."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise UsageError(
            "There is no speech program on this machine.",
            mend="Install espeak-ng (apt-get install espeak-ng), or put recordings into the folder by hand.",
        )
    folder = folder_of(workspace, language)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = spoken_texts(name, language, workspace)
    missing = missing_recordings(name, language, workspace)
    packer = shutil.which("opusenc")
    for key in missing:
        sound = folder / f"{key}.wav"
        subprocess.run(
            [program, "-v", language, "-s", "130", "-w", str(sound), "--stdin"],
            input=wanted[key], text=True, check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        if packer:
            packed = sound.with_suffix(".opus")
            subprocess.run(
                [packer, "--quiet", "--bitrate", "24", str(sound), str(packed)],
                check=True,
                capture_output=True,
                timeout=60,
            )
            sound.unlink()
    return len(missing)
