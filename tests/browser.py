"""The system's Chromium, driven by playwright: where it is, and how a test starts it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

MISSING = "no Chromium was found (install it, or set CHROMIUM to its path)"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = [
    "--no-sandbox",  # root may not use it
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str | None:
    wanted = os.environ.get("CHROMIUM")
    return shutil.which(wanted) if wanted else next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    executable = find_chromium()
    assert executable, MISSING
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        yield browser
        browser.close()


def open_page(context: BrowserContext, complaints: list[str]) -> Page:
    """A page that notes what a browser complains about: errors, refused content, other hosts asked."""
    page = context.new_page()

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"console {message.type}: {message.text} {message.location['url']}")

    def on_request(request: Request) -> None:
        home = urlsplit(page.url).netloc
        if home and urlsplit(request.url).netloc not in ("", home):
            complaints.append(f"asked another host: {request.url}")

    page.on("console", on_console)  # a Content-Security-Policy violation is an error here
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("request", on_request)
    return page
