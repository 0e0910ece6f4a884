import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

DOCS = "/api/v1/docs"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_docs_are_readable_by_everybody_and_break_no_policy(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(DOCS)
    for answer in page.locator("details").all():
        answer.locator("summary").click()
    expect(page.get_by_role("heading", name="Download a version")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_a_request_of_the_docs_can_be_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(DOCS)
    page.locator("#get_agent").locator("..").get_by_role("button", name="Copy the request").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl 'http://")
    assert copied.endswith("/api/v1/agents/python-backend-engineer'")


def test_the_type_of_a_problem_leads_to_what_it_means(page: Page) -> None:
    problem = page.request.get("/api/v1/agents/unknown").json()
    page.goto(problem["type"])
    row = page.locator(":target")
    expect(row).to_contain_text("No agent of this name is published.")
    expect(row).to_be_in_viewport()
