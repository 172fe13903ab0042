"""Style, script, pictures and recordings of the form."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from threecircles.web.survey.doors import surveys

HERE = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
SOUNDS = {
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
_KEY = re.compile(r"[A-Za-z0-9_.]{1,80}\Z")


async def static(request: Request) -> Response:
    """A file that came with the package."""
    path = HERE / Path(request.path_params["name"]).name
    if path.suffix not in KINDS or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": "no-cache"})


async def worker(request: Request) -> Response:
    """The service worker, at a place from which it may serve the whole form."""
    return FileResponse(
        HERE / "worker.js", media_type=KINDS[".js"], headers={"Cache-Control": "no-cache"}
    )


async def audio(request: Request) -> Response:
    """A recording; 404 where there is none, and the browser's own voice may read."""
    language, key = request.path_params["language"], request.path_params["key"]
    if not _KEY.match(language) or not _KEY.match(key):
        raise HTTPException(404)
    for live in surveys(request).live():
        path = live.recording(language, key)
        if path is not None:
            return FileResponse(
                path, media_type=SOUNDS[path.suffix], headers={"Cache-Control": "max-age=86400"}
            )
    return Response(status_code=404, media_type="text/plain")
