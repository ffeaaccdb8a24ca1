"""Which files does a page need? A few small ones, read once; only names found then are ever answered."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Assets:
    """The files of one folder by name. A path outside it (F09: ``../``) is simply not among the names."""

    def __init__(self, folder: Path) -> None:
        self._files = {path.name: (path.read_bytes(), KINDS[path.suffix]) for path in folder.iterdir()}

    async def answer(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("There is no such file.\n", status_code=404)
        return Response(found[0], media_type=found[1])


def templates(folder: Path) -> Environment:
    """Everything put into a template is escaped, whoever sent it."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
