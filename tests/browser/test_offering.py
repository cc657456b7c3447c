"""A provider makes an offer in a browser; a buyer works out what it costs, and accepts it."""

import os
from itertools import count
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from torvet.demo.cast import person

from .test_trading import signed_in

pytestmark = pytest.mark.slow

DATASET = "aarhus-parking"
TELEPHONE, DESK = {"width": 390, "height": 800}, {"width": 1280, "height": 900}

_shots = count(1)


def looked_at(page, name):
    """Say what is wrong with a page for those who do not see it, or see it on a telephone."""
    wrong = [it["id"] for it in Axe().run(page).response["violations"]]
    for size in (DESK, TELEPHONE):
        page.set_viewport_size(size)
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            wrong.append(f"wider than {size['width']}")
        if folder := os.environ.get("TORVET_SCREENSHOTS"):
            file = Path(folder) / f"offering-{next(_shots):02}-{name}-{size['width']}.png"
            page.screenshot(path=file, full_page=True)
    page.set_viewport_size(DESK)
    return wrong


def test_an_offer_is_made_worked_out_and_accepted_in_a_browser(page, square):
    offered(page, square)
    page.get_by_role("button", name="Sign out").click()
    accepted(page, square)
    page.get_by_role("button", name="End it").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Contract, ended"
    # What comes back refused is an answer of 422, which a browser notes as an error.
    assert [fault for fault in page.faults if "422" not in fault] == []


def offered(page, square):
    """Write an offer as the city, first with a price that cannot be, and make it."""
    signed_in(page, square, person("city"))
    page.goto(f"{square}/datasets/{DATASET}")
    page.get_by_role("link", name="Make an offer").click()
    assert looked_at(page, "empty") == []

    page.get_by_label("Title").fill("By the row")
    for purpose in ("any purpose", "providing a service"):
        page.locator("fieldset.terms-fields").first.get_by_label(purpose, exact=True).check()
    page.get_by_text("By use: rows").first.click()
    page.locator("#price_0_row_price").fill("-5")
    page.get_by_role("button", name="Read what buyers will read").click()

    assert "below zero" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Title").input_value() == "By the row"
    assert looked_at(page, "refused") == []

    page.locator("#price_0_subscription").fill("250")
    page.locator("#price_0_row_price").fill("12,50")
    page.locator("#price_0_row_per").fill("1000")
    page.locator("#price_0_row_tiers").fill("1000000: 9.75")
    page.get_by_text("Another price 1").click()
    page.get_by_label("research institutions").first.check()
    page.get_by_text("Freshness").click()
    page.locator("#levels_freshness").fill("48")
    page.locator("#levels_freshness_back").fill("10\n96: 25")
    page.get_by_role("button", name="Read what buyers will read").click()

    assert page.get_by_role("heading", level=1).inner_text() == "This is what buyers will read"
    page.get_by_text("På dansk").click()
    assert page.get_by_text("betalt forud").first.is_visible()
    assert looked_at(page, "read") == []
    page.get_by_role("button", name="Make the offer").click()

    card = page.locator(".card").filter(has_text="By the row")
    assert "Whoever accepts it has a contract at once" in card.inner_text()
    assert looked_at(page, "dataset") == []


def accepted(page, square):
    """Work out what it costs as the start-up, and accept it, first with a cap that cannot be."""
    signed_in(page, square, person("startup"))
    page.goto(f"{square}/datasets/{DATASET}")
    page.locator(".card").filter(has_text="By the row").get_by_role(
        "link", name="What would it cost?"
    ).click()
    page.get_by_label("Rows", exact=True).fill("250,000")
    page.get_by_role("button", name="Work it out").click()
    assert page.get_by_text("3,375.00").first.is_visible()
    assert looked_at(page, "price") == []

    page.locator("main .over a").click()
    card = page.locator(".card").filter(has_text="By the row")
    card.get_by_label("What will you use it for?").select_option(label="providing a service")
    card.get_by_label("Spending cap a month").fill("2.000")
    card.get_by_label("A note to the provider").fill("For our map.")
    card.get_by_role("button", name="Accept the terms").click()
    assert "no spending cap" in page.get_by_role("alert").inner_text()
    assert looked_at(page, "not-accepted") == []
    page.get_by_label("Spending cap a month").first.fill("2000 DKK")
    page.locator(".card").filter(has_text="By the row").get_by_role(
        "button", name="Accept the terms"
    ).click()

    assert page.get_by_role("heading", level=1).inner_text() == "Contract, agreed"
    page.get_by_text("End the contract").click()
    assert looked_at(page, "contract") == []
