"""textual-serve, made safe: for this machine's own browser, by a link with a token, without anything from elsewhere.

As it comes it takes a WebSocket from any page, asks nobody who he is, and has the browser fetch fonts from outside.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from textual_serve.server import Server

TEMPLATES = Path(__file__).parent
COOKIE = "qorch-top"
MOST_SESSIONS = 8  # each is a process of about 40 MB
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer(Server):
    """Serves one command, which is run anew for each browser."""

    def __init__(self, command: Sequence[str], host: str, port: int) -> None:
        super().__init__(shlex.join(command), host, port, title="qorch top", templates_path=TEMPLATES)
        self._token = secrets.token_urlsafe(32)
        self._sessions = 0

    @property
    def link(self) -> str:
        """What the person opens; whoever has it may watch."""
        return f"{self.public_url}/?token={self._token}"

    async def _make_app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path), autoescape=True)
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who has the token, on a page of our own; the answer forbids the page everything else."""
        self._require_ours(request)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
            if request.path == "/":
                response.set_cookie(COOKIE, self._token, httponly=True, samesite="Strict", path="/")
        return response

    def _require_ours(self, request: web.Request) -> None:
        """Raises 403 for another host's name (DNS rebinding), another page's request, and one without the token."""
        own = self.public_url.partition("://")[2]
        origin = request.headers.get("Origin")
        if request.host != own or origin not in (None, self.public_url):
            raise web.HTTPForbidden(text=f"only {self.public_url} may ask here\n")
        if request.path == "/ws" and origin is None:
            raise web.HTTPForbidden(text="a browser says which page asks (Origin)\n")
        shown = request.query.get("token") or request.cookies.get(COOKIE, "")
        if not compare_digest(shown.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="open the link that `qorch top --web` printed\n")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        if self._sessions >= MOST_SESSIONS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_SESSIONS} browsers watch already\n")
        self._sessions += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self._sessions -= 1

    def initialize_logging(self) -> None:
        """Its own log would name every request, and frames with their local variables."""

    async def on_startup(self, app: web.Application) -> Any:
        """Nothing to say: the link is printed before."""


def serve(command: Sequence[str], host: str, port: int, tell: Callable[[str], None]) -> None:
    """Until it is interrupted."""
    server = WebServer(command, host, port)
    tell(server.link)
    server.serve()
