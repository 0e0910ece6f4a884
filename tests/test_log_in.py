"""Logging in to the admin in a real browser, over plain http, as a new user does first of all."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_log_in_form_opens_the_admin(page: Page, live_server: LiveServer, admin: User, host: str) -> None:
    address = live_server.url.replace("localhost", host)
    page.goto(f"{address}/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("ada's password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{address}/admin/")
    page.reload()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_logging_out_closes_the_admin(page_of: Callable[[User], Page], admin: User) -> None:
    page = page_of(admin)
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
