"""Imported forms as definitions of the workspace: a questionnaire, a bespoke module, and words by language."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from threecircles.core.errors import UsageError
from threecircles.survey.conditions import Tree
from threecircles.survey.forms import FlatForm
from threecircles.survey.recordings import KINDS, folder_of


def bring_in(form: FlatForm, home: Path, accept_losses: bool = False) -> list[Path]:
    """Write the form below `home`; returns the files.

    Raises UsageError with every loss unless they are accepted; then they stand in the definition.
    """
    if form.losses and not accept_losses:
        raise UsageError(
            f"{len(form.losses)} things of this form cannot be carried over.", found="; ".join(form.losses),
            mend="Change the form, or give --accept-losses: they are then written into the definition.",
        )  # fmt: skip
    base = home / "questionnaires"
    (base / "modules").mkdir(parents=True, exist_ok=True)
    source = f"brought in from {form.title}"
    files = [
        _write(
            base / f"{form.id}.yaml",
            {
                "id": form.id, "label": form.title, "version": form.version, "respondent": "anyone", "ages": [0, 99],
                "modules": [form.id], "languages": list(form.languages), "losses": list(form.losses), "source": source,
            },
        ),
        _write(
            base / "modules" / f"{form.id}.yaml",
            {
                "id": form.id, "label": form.title, "kind": "bespoke", "source": source,
                "pages": [
                    {"code": i.code, "type": i.type}
                    | ({"choices": [v for v, _ in i.choices]} if i.choices and i.type != "scale_0_10" else {})
                    | ({"ask_if": written(i.ask_if)} if i.ask_if else {})
                    for i in form.items
                ],
            },
        ),
    ]  # fmt: skip
    for language in form.languages:
        files.append(
            _write(
                base / language / f"{form.id}.yaml",
                {
                    "id": f"{form.id}.{language}", "label": form.title, "module": form.id, "language": language,
                    "items": {i.code: i.labels.get(language, "") for i in form.items},
                    "hints": {i.code: i.hints[language] for i in form.items if i.hints.get(language)},
                    "audio": {i.code: i.audio[language] for i in form.items if i.audio.get(language)},
                    "options": {
                        i.code: {v: w.get(language, "") for v, w in i.choices}
                        for i in form.items if i.choices and i.type != "scale_0_10"
                    },
                    "source": source,
                },
            )
        )  # fmt: skip
    return files


def bring_recordings(form: FlatForm, media: Path, home: Path) -> tuple[int, list[str]]:
    """Copy the form's recordings to where the form plays them from; how many, and files that are not there.

    media: the folder that came with the form. Raises UsageError for a kind of sound no form can play.
    """
    done, absent = 0, []
    for item in form.items:
        for language, name in item.audio.items():
            found = media / Path(name).name
            kind = found.suffix.lower()
            if kind.lstrip(".") not in KINDS:
                raise UsageError(
                    "A form cannot play this kind of sound.", found=name, allowed=", ".join(KINDS)
                )
            if not found.is_file():
                absent.append(name)
                continue
            folder = folder_of(home, language)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, folder / f"item.{item.code}{kind}")
            done += 1
    return done, absent


def written(tree: Tree) -> str:
    """A condition in our own words."""
    word, *parts = tree
    if word in ("and", "or"):
        return f" {word} ".join(f"({written(p)})" for p in parts)
    if word == "not":
        return f"not ({written(parts[0])})"
    if word == "answered":
        return f"answered({parts[0]})"
    if word == "selected":
        return f"selected({parts[0]}, {_value(parts[1])})"
    if word == "in":
        return f"{parts[0]} in [{', '.join(_value(v) for v in parts[1])}]"
    return f"{parts[0]} {word} {_value(parts[1])}"


def _value(value: object) -> str:
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def _write(path: Path, told: dict[str, object]) -> Path:
    """JSON is YAML: no text of a form can turn into anything else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
