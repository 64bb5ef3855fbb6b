"""The dashboard in a browser: who is let in, and that what he is shown is the dashboard."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from orchestrator.adapters.ports import LOOPBACK, free_ports
from tui.web import server as module
from tui.web.server import WebServer

COMMAND = (sys.executable, "-m", "bench.top_app", "5", "idle")


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[WebServer, aiohttp.ClientSession]]:
    server = WebServer(COMMAND, LOOPBACK, free_ports(1)[0])
    runner = web.AppRunner(await server._make_app())
    await runner.setup()
    await web.TCPSite(runner, server.host, server.port).start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            yield server, browser
    finally:
        await runner.cleanup()


def run(story: Callable[[WebServer, aiohttp.ClientSession], Awaitable[None]]) -> None:
    async def told() -> None:
        async with serving() as (server, browser):
            await story(server, browser)

    asyncio.run(told())


async def status(browser: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with browser.get(url, headers=headers) as answer:
        return answer.status


def test_the_link_that_is_printed_opens_the_page_and_what_it_needs() -> None:
    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        assert await status(browser, server.link) == 200
        assert await status(browser, f"{server.public_url}/static/js/textual.js") == 200
        assert await status(browser, f"{server.public_url}/") == 200  # reloaded

    run(story)


def test_nobody_gets_in_without_the_token() -> None:
    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        for path in ("/", "/ws", "/static/js/textual.js", "/?token=", f"/?token={'x' * 43}"):
            assert await status(browser, f"{server.public_url}{path}", Origin=server.public_url) == 403

    run(story)


def test_a_name_that_is_not_ours_is_refused_though_it_leads_here() -> None:
    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        assert await status(browser, server.link, Host=f"evil.example:{server.port}") == 403

    run(story)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_page_from_elsewhere_gets_no_socket_even_with_our_cookie(origin: str | None) -> None:
    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        assert await status(browser, server.link) == 200
        headers = {} if origin is None else {"Origin": origin}
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect(f"{server.public_url}/ws", headers=headers)
        assert refused.value.status == 403

    run(story)


def test_our_own_page_is_shown_the_dashboard() -> None:
    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        assert await status(browser, server.link) == 200
        url = f"{server.public_url}/ws?width=120&height=30"
        async with browser.ws_connect(url, headers={"Origin": server.public_url}) as socket:
            seen = b""
            while b"REPLICA" not in seen:
                seen += (await socket.receive(timeout=20)).data

    run(story)


def test_there_are_only_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SESSIONS", 0)

    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        assert await status(browser, server.link) == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect(f"{server.public_url}/ws", headers={"Origin": server.public_url})
        assert refused.value.status == 503

    run(story)


def test_the_page_names_nobody_else_and_may_ask_nobody_else() -> None:
    page = (Path(module.__file__).parent / "app_index.html").read_text()
    assert "//" not in page

    async def story(server: WebServer, browser: aiohttp.ClientSession) -> None:
        async with browser.get(server.link) as answer:
            policy = answer.headers["Content-Security-Policy"]
            cookie = answer.headers["Set-Cookie"]
        assert policy.startswith("default-src 'none'")
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie

    run(story)
