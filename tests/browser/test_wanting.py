"""Data is wanted, answered, promised and delivered in browsers; service, disputes and reuse too."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from .test_negotiating import signed_in

pytestmark = pytest.mark.slow

SLUG = "aarhus-parking"
TRIES = 40


@pytest.fixture
def people(browser, square):
    """Browsers of their own, each with somebody signed in."""
    opened = {}

    def of(name):
        if name not in opened:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.faults = []
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            signed_in(page, square, name, "/desk")
            opened[name] = page
        return opened[name]

    yield of
    for page in opened.values():
        page.context.close()


def looked_at(page, name):
    """Hold that everybody can use a page, on a telephone too; keep a picture if one is wanted."""
    folder = os.environ.get("TORVET_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    if folder:
        page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.faults == []


def day(days):
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def asked(page, square):
    """Ask for data as the start-up; return the address of the request."""
    page.goto(f"{square}/wanted/new")
    page.get_by_label("Title, in English").fill("Free places per street")
    page.get_by_label("What you need, in English").fill("Every ten minutes, for a year.")
    page.get_by_label("Theme").select_option("Transport")
    page.get_by_label("Goal, in kroner").fill("2500,50")
    page.get_by_label("Budget").fill("4000 DKK")
    page.get_by_label("Last day for pledges").fill(day(10))
    page.get_by_label("Last day for delivery").fill(day(40))
    looked_at(page, "wanted-new")
    page.get_by_role("button", name="Ask").click()
    return page.url


def test_what_is_wanted_is_answered_and_delivered(people, square):
    startup, city = people("startup"), people("city")
    url = asked(startup, square)

    city.goto(url)
    looked_at(city, "wanted-request-of-a-provider")
    city.get_by_role("link", name="Answer it").click()
    city.get_by_label("What you would deliver").fill("Our counters, street by street.")
    city.get_by_label("Price in DKK").fill("2.000")
    city.get_by_label("You deliver by the end of").fill(day(30))
    city.get_by_label("The data is not passed on to anyone else").check()
    city.get_by_text("Freshness", exact=True).click()
    city.get_by_label("The newest release is at most").fill("24")
    city.get_by_role("button", name="Give this answer").click()
    assert "is no amount of money" in city.get_by_role("alert").inner_text()
    assert city.get_by_label("What you would deliver").input_value().startswith("Our counters")
    assert city.get_by_label("The newest release is at most").input_value() == "24"
    looked_at(city, "wanted-answer-refused")
    city.get_by_label("Price in DKK").fill("2000")
    city.get_by_role("button", name="Give this answer").click()
    assert city.get_by_text("Take your answer back").is_visible()
    looked_at(city, "wanted-answered")

    startup.reload()
    startup.get_by_label("How much, in DKK without VAT").fill("2500,50")
    startup.get_by_role("button", name="Pledge").click()
    startup.get_by_role("button", name="Yes").click()
    assert "Promised by a provider" in startup.inner_text("main")
    looked_at(startup, "wanted-promised")

    city.reload()
    looked_at(city, "wanted-promised-of-a-provider")
    city.get_by_role("link", name="Deliver it").click()
    looked_at(city, "wanted-delivery")
    city.get_by_label("Which dataset is it?").select_option(SLUG)
    city.get_by_role("button", name="Deliver it").click()
    assert "Fulfilled" in city.inner_text("main")
    for who, name in ((city, "wanted-mine-of-a-provider"), (startup, "wanted-mine")):
        who.goto(f"{square}/desk")
        who.get_by_role("link", name="Your requests, pledges and answers").click()
        assert who.get_by_role("link", name="Free places per street").is_visible()
        looked_at(who, name)

    startup.get_by_role("link", name="Free places per street").click()
    startup.get_by_role("link", name="Your contract").click()
    assert startup.get_by_role("heading", name="Promised").is_visible()
    contract = startup.url
    _service(people, square, contract)
    _reuse(people, square, contract)


def _service(people, square, contract):
    """Announce work, dispute the service, take the dispute back."""
    startup, city = people("startup"), people("city")
    city.goto(f"{square}/datasets/{SLUG}")
    city.get_by_role("link", name="Announce planned work").click()
    city.get_by_label("From").fill(f"{day(2)}T22:00")
    city.get_by_label("until").fill(f"{day(2)}T23:30")
    city.get_by_label("What is done").fill("A new disk. Reads may fail for a minute.")
    city.get_by_role("button", name="Announce it").click()
    looked_at(city, "maintenance")
    startup.goto(f"{square}/datasets/{SLUG}")
    assert startup.get_by_text("A new disk.").is_visible()
    startup.goto(f"{contract}/service")
    looked_at(startup, "service")
    startup.get_by_role("link", name="Open a dispute").click()
    startup.get_by_label("What do you not agree with?").select_option("invoice")
    startup.get_by_label("Number of the invoice").fill("2026-0")
    startup.get_by_label("Why?").fill("It was never there.")
    startup.get_by_role("button", name="Open it").click()
    assert startup.get_by_label("Why?").input_value() == "It was never there."
    looked_at(startup, "dispute-refused")
    startup.get_by_label("What do you not agree with?").select_option("service")
    startup.get_by_role("button", name="Open it").click()
    looked_at(startup, "dispute")
    with startup.expect_download() as download:
        startup.get_by_role("link", name="Take the evidence home").click()
    assert download.value.suggested_filename.startswith("evidence-")
    operator = people("operator")
    operator.goto(startup.url)
    looked_at(operator, "dispute-of-the-operator")
    operator.goto(f"{square}/disputes")
    looked_at(operator, "disputes")
    city.get_by_role("button", name="Call off").click()
    assert city.get_by_text("called off", exact=True).is_visible()


def _reuse(people, square, contract):
    """State a use and thank, see it on the provider's pages, take it back."""
    startup, city = people("startup"), people("city")
    startup.goto(f"{contract}/reuse")
    startup.get_by_label("In a few words").fill("Signs that lead to free places")
    startup.get_by_label("From").fill("2026-01-01")
    startup.get_by_label("To", exact=True).fill("2026-03-31")
    startup.get_by_label("How much, about").fill("12,5")
    startup.get_by_role("button", name="State it").click()
    assert "does not say how it was found" in startup.get_by_role("alert").inner_text()
    looked_at(startup, "use-refused")
    startup.get_by_label("How do you know?").fill("Counted trips.")
    startup.get_by_role("combobox", name="The provider sees you").first.select_option("named")
    startup.get_by_role("button", name="State it").click()
    looked_at(startup, "reuse")
    city.goto(f"{square}/datasets/{SLUG}/reuse")
    looked_at(city, "dataset-reuse")
    _reviewed(startup, contract)
    city.goto(f"{square}/datasets/{SLUG}")
    city.get_by_role("link", name="This review").click()
    city.get_by_label("Your answer").fill("Thank you: the gaps are mended.")
    looked_at(city, "review-of-the-provider")
    city.get_by_role("button", name="Answer").click()
    assert city.get_by_text("the gaps are mended").first.is_visible()
    looked_at(city, "dataset-with-panels")
    operator = people("operator")
    operator.goto(f"{square}/datasets/{SLUG}")
    operator.get_by_role("link", name="Hide it").click()
    operator.get_by_label("Why?").fill("names a neighbour")
    operator.get_by_role("button", name="Hide it").click()
    looked_at(operator, "review-hidden")
    for path, name in (("/reuse/taken", "taken"), ("/desk", "desk")):
        startup.goto(square + path)
        looked_at(startup, name)
    startup.goto(f"{square}/reuse")
    startup.get_by_role("button", name="Take back: Signs").click()
    assert startup.get_by_text("You have stated no use yet").is_visible()


def _reviewed(page, contract):
    """Read some rows and review them, as soon as the exchange has counted the read."""
    rows = contract.replace("/contracts/", "/api/contracts/") + "/rows?limit=5"
    assert page.request.get(rows).ok
    for _ in range(TRIES):
        page.goto(f"{contract}/reuse")
        page.get_by_label("What should others know?").fill("A few gaps in May.")
        page.get_by_role("button", name="Review it").click()
        if page.get_by_role("alert").count() == 0:
            break
        page.wait_for_timeout(500)
    assert page.get_by_role("link", name="Your review").is_visible()
