"""Commands that show: serve a workspace's pages, publish them elsewhere, compare England."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from threecircles.cli.place import published_folder
from threecircles.core.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add serve, publish and england."""
    app.command()(serve)
    app.command()(publish)
    app.command()(england)


def serve(
    workspace: Annotated[Path, typer.Argument(metavar="W", help="A workspace.")],
    port: Annotated[int, typer.Option()] = 8000,
    host: Annotated[
        str, typer.Option(help="The address to listen on; loopback is this machine only.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="A name readers use; then everybody signs in, over TLS.",
        ),
    ] = None,
) -> None:
    """Serve the released pages, and the working pages for permitted people, on this machine."""
    import uvicorn

    from threecircles.disclosure.at_rest import no_core_dumps
    from threecircles.web import create_app
    from threecircles.web.app import LOOPBACK

    no_core_dumps()
    if host not in ("127.0.0.1", "localhost", "::1") and not allow_host:
        typer.echo(
            "Warning: this listens beyond this machine, and answers to no other name than localhost. "
            "Name the council's host with --allow-host.",
            err=True,
        )
    app = create_app(workspace, hosts=(*LOOPBACK, *(allow_host or ())))
    typer.echo(f"Serving {workspace} on http://{host}:{port} (Ctrl-C stops)")
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, proxy_headers=False,
        server_header=False,
    )  # fmt: skip


def publish(
    pack: Annotated[
        str,
        typer.Option(help="A workspace or place folder, or the name of a demonstration place."),
    ] = "borough",
    static: Annotated[
        Path | None, typer.Option("--static", metavar="DIR", help="Copy the released pages here.")
    ] = None,
    kit: Annotated[
        bool,
        typer.Option("--kit", help="Slides, poster, talk, audio script, cards and captions too."),
    ] = False,
    edits: Annotated[
        Path | None, typer.Option(help="Sentences of the kit in your own words (YAML).")
    ] = None,
) -> None:
    """Copy what the release desk let out to a folder, with slides and cards when asked."""
    from threecircles.report.publish import publish as copy
    from threecircles.report.publish import released_folder

    released = released_folder(pack)
    out = static or Path(f"{Path(pack).name}-pack")
    files = copy(released, out, kit=kit, edits=edits)
    for file in files:
        print(f"{file.stat().st_size / 1024:9,.0f} kB  {file.relative_to(out)}")
    print(
        f"{len(files)} files in {out}. To read them, open {(out / 'index.html').resolve().as_uri()}"
    )


def england(
    out: Annotated[Path, typer.Option("--out", help="Folder for the site.")],
    data: Annotated[
        Path | None, typer.Option(help="The folder of published files; else THREECIRCLES_DATA.")
    ] = None,
) -> None:
    """Compare need, use and spend of England's 153 authorities from published files alone."""
    from threecircles.funding.panel_tables import panel_tables
    from threecircles.need.england import england as measure
    from threecircles.report.england import write_site

    folder = data or published_folder()
    if folder is None or not folder.is_dir():
        raise UsageError(
            "The published files are not there.",
            where=str(folder or ""),
            mend="Name their folder with --data or THREECIRCLES_DATA.",
        )
    write_site([*measure(folder), *panel_tables(folder)], out)
    typer.echo(f"Wrote {out / 'index.html'}")
