"""The command that writes the impact assessment, and the toolkit of a study."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add dpia."""
    app.command()(dpia)


def dpia(
    workspace: Annotated[Path, typer.Argument(metavar="W", help="The workspace.")] = Path(),
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Default: W/dpia.md, or a folder W/toolkit."),
    ] = None,
    toolkit: Annotated[
        bool, typer.Option("--toolkit", help="Write the questions of ethics for a study instead.")
    ] = False,
    study: Annotated[
        Path | None,
        typer.Option(
            "--study",
            metavar="FILE",
            help="The study's own words (YAML): notice, purpose, holders, retention.",
        ),
    ] = None,
    audience: Annotated[
        str, typer.Option(help="practitioner, manager or analyst; empty = all.")
    ] = "",
) -> None:
    """Write the data-protection impact assessment: made parts anew, the officer's own words kept."""
    from threecircles.core.workspace import open_workspace
    from threecircles.disclosure.dpia import write_dpia

    if toolkit:
        _write_toolkit(workspace, out or workspace / "toolkit", study, audience)
        return
    path = out or workspace / "dpia.md"
    new = not path.exists()
    changed = write_dpia(open_workspace(workspace), path, datetime.now(UTC).date())
    said = (
        "New."
        if new
        else f"Changed: {', '.join(changed)}."
        if changed
        else "Nothing made has changed."
    )
    print(f"Wrote {path}. {said} What stands outside the marks is yours and stays.")


def _write_toolkit(workspace: Path, folder: Path, study: Path | None, audience: str) -> None:
    from threecircles.core.errors import UsageError
    from threecircles.core.workspace import open_workspace, write_bytes
    from threecircles.definitions import load
    from threecircles.disclosure.toolkit import AUDIENCES, StudyWords, study_words, toolkit_document
    from threecircles.report.document import write_html, write_pdf

    if audience and audience not in AUDIENCES:
        raise UsageError("There is no such audience.", found=audience, allowed=", ".join(AUDIENCES))
    if study is None and not open_workspace(workspace).fictitious:
        raise UsageError(
            "The toolkit is filled with a study's own words.",
            mend="Name its file with --study: id, label, source, notice, purpose, holders, retention.",
        )
    words = (
        study_words(study.read_text(encoding="utf-8"), study.name)
        if study
        else load("ethics/demonstration_study", StudyWords)
    )
    document = toolkit_document(words, audience or None)
    write_bytes(folder / "toolkit.html", write_html(document).encode())
    write_pdf(document, folder / "toolkit.pdf")
    print(f"Wrote {folder / 'toolkit.html'} and {folder / 'toolkit.pdf'}.")
