"""People with roles who look at the staff pages, and a real browser for what only a browser shows."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from apps.accounts.models import Membership, User, Workspace
from tests.factories import MembershipFactory, UserFactory, WorkspaceFactory

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture
def other_workspace(db) -> Workspace:
    return WorkspaceFactory(name="other", title="Other")


@pytest.fixture
def person(workspace) -> Callable[[str], User]:
    """Somebody with a role in the workspace, or a superuser."""

    def make(role: str) -> User:
        if role == "superuser":
            return UserFactory(is_superuser=True)
        user = UserFactory()
        MembershipFactory(user=user, workspace=workspace, role=Membership.Role(role))
        return user

    return make


@pytest.fixture
def client_of(person) -> Callable[[str], Client]:
    """A logged-in client of somebody with this role."""

    def make(role: str) -> Client:
        client = Client()
        client.force_login(person(role))
        return client

    return make


@pytest.fixture
def analyst(client_of) -> Client:
    return client_of("analyst")


@pytest.fixture
def admin_client(client_of) -> Client:
    return client_of("admin")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("NO CHROMIUM FOUND: install chromium to run the browser tests")
    with sync_playwright() as playwright:
        # The driver's event loop runs in this thread; Django would take every query of a test for one inside it.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield launched
        launched.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def context_of(browser, live_server, person) -> Iterator[Callable[..., BrowserContext]]:
    """A browser that is logged in as somebody with this role."""
    opened: list[BrowserContext] = []

    def make(role: str = "admin", **options: object) -> BrowserContext:
        client = Client()
        client.force_login(person(role))
        options = {"viewport": {"width": 1440, "height": 900}, "locale": "en-US"} | options
        context = browser.new_context(base_url=live_server.url, **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(context_of) -> Iterator[Page]:
    """A page of a workspace's administrator; errors of its scripts and of its security policy fail the test."""
    opened = context_of().new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if "Content Security" in said.text else None)
    yield opened
    assert problems == []


@pytest.fixture
def connection_queries() -> Iterator[Callable[[], list[str]]]:
    """The SQL that was run since the test began."""
    with CaptureQueriesContext(connection) as captured:
        yield lambda: [query["sql"] for query in captured.captured_queries]
