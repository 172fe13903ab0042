"""Versions and health for whoever looks after the machine, and the style sheets of all pages."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from threecircles import __version__
from threecircles.disclosure.at_rest import volume_sealed
from threecircles.report.site import BUILT, STYLE
from threecircles.web.evidence.serve import KINDS, site_root
from threecircles.web.frame import page
from threecircles.web.routes import public

ON_DISK = {
    True: "an encrypted volume",
    False: "a volume that is not encrypted",
    None: "a volume of which this machine cannot tell whether it is encrypted",
}
"""What was found of the disk (disclosure/at_rest.py); nothing is assumed."""


async def status(request: Request) -> Response:
    """Whether a release is there, which version of the program shows it, and how things lie on the disk."""
    released = site_root(request.app.state.workspace / "release") is not None
    entries = (
        ("Program", f"Three Circles {__version__}"),
        ("Released pages", "yes" if released else "not yet"),
        ("Names and received files", "sealed, each file under a key of its own"),
        ("Everything else lies on", ON_DISK[volume_sealed(request.app.state.workspace)]),
    )
    return HTMLResponse(page("status.html", title="Status", entries=entries))


async def asset(request: Request) -> Response:
    """A style sheet or icon that came with the program."""
    name = request.path_params["name"]
    for folder in (STYLE, BUILT):
        known = {p.name: p for p in folder.iterdir()} if folder.is_dir() else {}
        if name in known and known[name].suffix in KINDS:
            file = known[name]
            return FileResponse(
                file, media_type=KINDS[file.suffix], headers={"Cache-Control": "no-cache"}
            )
    raise HTTPException(404)


ROUTES = [
    public("/assets/{name}", asset, why="Style sheets and icons that came with the program."),
    public("/status", status, why="Version and health; it tells of no child and no person."),
]
