"""A headless Chromium, as Debian brings it, driven by Playwright: what a page says on its console, and asks for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tools import REQUIRED, VARIABLE, require

CHROMIUM = "chromium"


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser. Skips the test where Chromium or Playwright is missing, or fails it where all must run."""
    require(CHROMIUM)
    if os.environ.get(VARIABLE) == REQUIRED:
        from playwright.sync_api import sync_playwright
    else:
        sync_playwright = pytest.importorskip(
            "playwright.sync_api", reason="needs Playwright: pip install -e '.[dev]'"
        ).sync_playwright
    with sync_playwright() as playwright:
        # Its sandbox refuses to run as root, which containers do.
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


class Seen:
    """A page that is open, with what it said and asked for. errors: messages of the console, and exceptions."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.address = path.as_uri()
        self.page = browser.new_page(**options)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(self.address)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def check_quiet(self) -> None:
        """Nothing was said, and nothing but the page itself was asked for."""
        assert self.errors == []
        assert self.requests == [self.address]
