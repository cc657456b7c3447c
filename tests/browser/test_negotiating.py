"""Two people negotiate in two browsers, and come to a contract."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe

from torvet.demo.cast import person

pytestmark = pytest.mark.slow


def signed_in(page, square, name, path):
    who = person(name)
    page.goto(f"{square}/sign-in?next={path}")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto(square + path)


def checked(page):
    assert page.faults == []
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


def test_a_start_up_and_a_city_come_to_terms(page, browser, square):
    signed_in(page, square, "startup", "/datasets/aarhus-parking")
    page.get_by_role("link", name="Propose other terms").first.click()
    page.get_by_text("Other terms, tiers and promises").click()
    checked(page)
    page.get_by_label("What will you use it for?").select_option("ResearchAndDevelopment")
    page.get_by_label("Another price, without VAT").fill("20 DKK per month")
    page.get_by_label("A few words to the other side").fill("We would rather pay and know.")
    page.get_by_role("button", name="Send to the provider").click()
    table = page.url.removeprefix(square)
    assert "The other side reads your terms" in page.inner_text("main")
    page.get_by_text("Other terms, tiers and promises").click()
    page.get_by_text("På dansk").click()
    checked(page)
    if folder := os.environ.get("TORVET_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/table.png", full_page=True)

    city = browser.new_context().new_page()
    signed_in(city, square, "city", "/negotiations")
    city.get_by_role("link", name="Occupancy of car parks in Aarhus").click()
    assert city.url.endswith(table)
    assert "It is your turn" in city.inner_text("main")
    assert city.locator("ins", has_text="20").count() == 1
    city.get_by_role("button", name="Agree to these terms").click()
    assert "/contracts/" in city.url
    city.goto(f"{square}/contracts")
    assert city.get_by_role("link", name="Occupancy of car parks in Aarhus").count() == 1
    city.get_by_role("link", name="Your desk").click()
    assert city.get_by_role("link", name="Negotiations").is_visible()
    assert Axe().run(city).response["violations"] == []
    if folder := os.environ.get("TORVET_SCREENSHOTS"):
        city.screenshot(path=f"{folder}/desk.png", full_page=True)
    city.context.close()

    page.reload()
    assert page.get_by_role("link", name="the contract").is_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
