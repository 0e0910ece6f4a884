"""Whether everybody can read a page: what axe finds, and whether it is wider than its window."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect


def assert_everybody_can_read(page: Page) -> None:
    expect(page.locator("[aria-busy=true]")).to_have_count(0)  # what is being loaded anew is faded until it is there
    results = Axe().run(page)
    assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} pixels wider than the window"
