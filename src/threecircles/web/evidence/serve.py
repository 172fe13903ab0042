"""Serves the released files: without it the evidence would need a web server of its own.

Only what lies below the release folder is ever opened; it holds nothing that disclosure has not let
out. The answer carries a fingerprint, so that an unchanged page is not sent twice.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from threecircles.web.frame import page

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".png": "image/png",
}


class Evidence:
    """The released files as an application. folder: the release folder of the workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405)
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", "")).strip("/")
        root = site_root(self.folder)
        if root is None:
            if path:
                raise HTTPException(404)
            return HTMLResponse(page("empty.html", title="Nothing has been released yet", here="/"))
        return released(request, root, path or "index.html")


def released(request: Request, root: Path, path: str) -> Response:
    """The released file of a path below root, with its fingerprint. Raises HTTPException 404 for any other."""
    file = _inside(root, path)
    if file is None:
        raise HTTPException(404)
    stat = file.stat()
    data, tag = _read(str(file), stat.st_mtime_ns, stat.st_size)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if file.suffix in (".csv", ".xlsx", ".pdf"):
        headers["Content-Disposition"] = f'inline; filename="{file.name}"'
    return Response(data, headers=headers, media_type=KINDS[file.suffix])


def site_root(release: Path) -> Path | None:
    """The folder with index.html: the release folder, or the newest site below it; None before a release."""
    if (release / "index.html").exists():
        return release
    found = sorted(
        release.glob("*/index.html"), key=lambda p: (p.stat().st_mtime_ns, p.parent.name)
    )
    return found[-1].parent if found else None


def _inside(root: Path, path: str) -> Path | None:
    """The released file of that path, if there is one, it lies inside and its kind is known."""
    if "\0" in path or "\\" in path:
        return None
    home = root.resolve()
    file = (home / path).resolve()
    if not file.is_relative_to(home) or not file.is_file() or file.suffix not in KINDS:
        return None
    if any(part.startswith(".") for part in file.relative_to(home).parts):
        return None
    return file


@lru_cache(maxsize=512)
def _read(file: str, _changed: int, _size: int) -> tuple[bytes, str]:
    data = Path(file).read_bytes()
    return data, f'"{hashlib.sha256(data).hexdigest()[:32]}"'
