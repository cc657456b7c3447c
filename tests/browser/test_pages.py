"""Pages in a real browser: true, reachable by keyboard and screen reader, without faults."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from torvet.demo.cast import person

pytestmark = pytest.mark.slow

PAGES = (
    *("/", "/datasets", "/datasets/aarhus-parking", "/datasets/heat-meter-buildings"),
    *("/datasets/home-readings", "/sign-in", "/sign-up", "/log", "/docs", "/wanted", "/fees"),
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_and_everybody_can_use_it(page, square, path):
    page.goto(square + path)

    assert page.faults == []
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_telephone(page, square, path):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(square + path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_visitor_searches_and_finds(page, square):
    page.goto(square)
    page.get_by_role("searchbox").fill("parkering")
    page.get_by_role("button", name="Search").click()

    page.get_by_role("link", name="Occupancy of car parks in Aarhus").click()

    assert page.url.endswith("/datasets/aarhus-parking")
    assert "31,600" in page.inner_text("main")
    assert "occupied" in page.inner_text("main")


def test_an_empty_search_says_what_to_do(page, square):
    page.goto(f"{square}/datasets?q=zzzzqqqq")

    assert "Nothing is found" in page.inner_text("main")


def test_a_page_says_what_was_done_for_the_people_in_it(page, square):
    page.goto(f"{square}/datasets/heat-meter-buildings")

    assert page.get_by_role("row").filter(has_text="customer_id").count() == 0
    assert "People in it" in page.inner_text("main")


def test_a_dataset_of_answers_promises_no_rows(page, square):
    page.goto(f"{square}/datasets/home-readings")

    said = page.inner_text("main")
    assert "torvet ask" in said
    assert "of 100" not in said


def test_a_start_up_accepts_terms_in_the_browser(page, square):
    bo = person("startup")
    page.goto(f"{square}/sign-in?next=/datasets/aarhus-parking")
    page.get_by_label("E-mail").fill(bo.email)
    page.get_by_label("Password").fill(bo.password)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{square}/datasets/aarhus-parking")
    page.get_by_label("What will you use it for?").select_option("ResearchAndDevelopment")
    page.get_by_role("button", name="Accept the terms").click()

    assert "/contracts/" in page.url
    assert "torvet read" in page.inner_text("main")


def test_what_is_not_there_is_explained_as_a_page(page, square):
    answer = page.goto(f"{square}/datasets/no-such-thing")

    assert answer.status == 404
    assert page.get_by_role("link", name="To the catalogue").is_visible()
