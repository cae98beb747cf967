"""The node's page in a real browser of a phone's size: from the code to a node that is set up."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.box import PASSWORD, Running

PHONE = {
    "viewport": {"width": 360, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is not on this machine: apt install chromium")
    with sync_playwright() as playwright:
        # Whoever runs the tests may be root, where Chromium has no sandbox of its own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def node(tmp_path):
    with Running(tmp_path / "node") as running:
        yield running


@pytest.fixture
def phone(chromium, node):
    """Makes a page of a phone; all it loads and all that its browser complains of is noted."""
    contexts = []

    def open_page(locale):
        context = chromium.new_context(base_url=node.url, locale=locale, **PHONE)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


def fits(page):
    """Nothing is wider than the screen, and what is touched is large enough for a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    for one in page.locator("input, button").all():
        assert one.bounding_box()["height"] >= 44


def fill(page, node, **changed):
    typed = {
        "code": node.setup_code,
        "email": "owner@example.org",
        "name": "Owner",
        "password": PASSWORD,
        "again": PASSWORD,
    } | changed
    for name, text in typed.items():
        page.locator(f"#{name}").fill(text)
    page.locator("button").tap()


def test_a_phone_sets_the_node_up(node, phone, tmp_path):
    page = phone("en-GB")
    page.goto("/")
    fits(page)
    page.screenshot(path=tmp_path / "setup.png", full_page=True)
    fill(page, node, code="000000 000000")
    assert "not the setup code" in page.get_by_role("alert").inner_text()
    assert page.locator("#email").input_value() == "owner@example.org"
    fits(page)
    page.screenshot(path=tmp_path / "wrong.png", full_page=True)
    fill(page, node)
    page.get_by_text("It is set up, and it works.").wait_for()
    assert page.locator("form").count() == 0
    fits(page)
    page.screenshot(path=tmp_path / "ready.png", full_page=True)
    page.reload()
    page.get_by_text("It is set up, and it works.").wait_for()
    assert all(url.startswith(node.url) for url in page.asked)
    # The refused code's answer is told as a failed load; nothing else is.
    assert [one for one in page.complaints if "401" not in one and "favicon" not in one] == []
    node.log_in("owner@example.org")


def test_the_language_is_the_phones_until_another_is_picked(node, phone, tmp_path):
    page = phone("tr-TR")
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "tr"
    assert page.locator("button").inner_text() == "Kur"
    fits(page)
    page.screenshot(path=tmp_path / "kurulum.png", full_page=True)
    page.get_by_role("link", name="English").tap()
    page.get_by_role("button", name="Set up").wait_for()
    page.get_by_role("link", name="Türkçe").tap()
    fill(page, node)
    page.get_by_text("Kuruldu ve çalışıyor.").wait_for()
