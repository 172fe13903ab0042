"""All items of the kit, and the list of them: without the list a withdrawn release would live on as slides."""

from __future__ import annotations

import json
from pathlib import Path

from threecircles.report.kit import cards, documents, scripts, slides
from threecircles.report.kit.edits import edited
from threecircles.report.kit.told import Told, read_told

LIST = "kit.json"


def write_kit(released: Path, out: Path, edits: Path | None = None) -> list[Path]:
    """The kit of a released pack below `out`; returns the files written, the list `kit.json` last.

    released: the folder of released pages with pack.json. edits: people's own sentences, by finding.
    Raises UsageError when nothing is released, or an edit holds a number of its own.
    """
    told = read_told(released)
    if edits is not None:
        told = edited(told, edits)
    out.mkdir(parents=True, exist_ok=True)
    texts = {"slides.html": slides.html(told), "talk.md": scripts.talk(told), "audio.md": scripts.audio(told),
             "captions.vtt": scripts.captions(told), "workshop.md": scripts.workshop(told)}  # fmt: skip
    files = [_text(out / name, text) for name, text in texts.items()]
    files += slides.write_assets(out)
    files.append(documents.slides_pdf(told, out / "slides.pdf"))
    files.append(documents.poster_pdf(told, out / "poster.pdf"))
    for item in cards.carded(told):
        drawn = cards.card(told, item)
        files.append(_text(out / f"card-{item.id}.svg", drawn.text))
        picture = out / f"card-{item.id}.png"
        picture.write_bytes(cards.png(drawn))
        files.append(picture)
        files.append(_text(out / f"card-{item.id}.txt", f"{item.sentence} {told.stamp}\n"))
    files.append(_list(told, files, out))
    return files


def _list(told: Told, files: list[Path], out: Path) -> Path:
    about = {
        "release_id": told.release_id,
        "edition": told.edition,
        "place": told.place,
        "items": sorted(f.name for f in files),
        "findings": {i.id: i.sentence for i in told.items},
    }
    return _text(out / LIST, json.dumps(about, ensure_ascii=False, indent=1) + "\n")


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
