"""What a party owes, is owed and was promised is reached from its desk, and everybody can use it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from torvet.demo import trading
from torvet.demo.cast import person

pytestmark = pytest.mark.slow

PAGES_MOST = 40
LOOKED_AT = {
    "startup": "/",
    "tso": r"/contracts|/negotiations|/reuse",
    "operator": r"/desk|/billing/payments|every|house",
}
"""Every page is opened; those that are otherwise than the start-up's are looked at closely."""

ELSEWHERE = re.compile(r"/(api|docs|static|datasets|catalog|openapi|problems|log)\b")


@pytest.fixture
def traded(stage):
    """The start-up has negotiated a price with the TSO, and a contract for it."""
    if "bought" not in stage.saw:
        trading.price(stage)
        trading.negotiate(stage)


def signed_in(page, square, who):
    page.goto(f"{square}/sign-in?next=/desk")
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Sign in").click()


def walked(page, square, begin):
    """Yield every page that links lead to from `begin`, once for each kind, as it is open."""
    todo, seen = [begin], set()
    while todo and len(seen) < PAGES_MOST:
        path = todo.pop(0)
        kind = re.sub(r"[a-z]{2}_[0-9a-z]{20,}|=.*", "…", path)
        if kind in seen:
            continue
        seen.add(kind)
        answer = page.goto(square + path)
        yield path, answer.status
        links = page.eval_on_selector_all(
            "main a[href]", "all => all.map(a => a.pathname + a.search)"
        )
        todo += [link for link in links if not ELSEWHERE.match(link)]


@pytest.mark.usefixtures("traded")
@pytest.mark.parametrize(("who", "differs"), LOOKED_AT.items(), ids=LOOKED_AT)
def test_every_page_from_the_desk_is_there_and_everybody_can_use_it(page, square, who, differs):
    signed_in(page, square, person(who))
    found, faults, axe = [], {}, Axe()

    for path, status in walked(page, square, "/desk"):
        found.append(path)
        wrong = [] if status == 200 else [status]
        if re.search(differs, path):
            wrong += [it["id"] for it in axe.run(page).response["violations"]]
            page.set_viewport_size({"width": 390, "height": 800})
            if page.evaluate("document.documentElement.scrollWidth") > 390:
                wrong.append("wider than a telephone")
            page.set_viewport_size({"width": 1280, "height": 900})
        if wrong:
            faults[path] = wrong

    assert faults == {}
    assert page.faults == []
    for room in ("/contracts", "/invoices", "/billing/profile", "/billing/payouts", "/disputes"):
        assert room in found
    if who == "operator":
        assert "/billing/payments" in found
    else:
        assert any(path.endswith("/service") for path in found)
        assert any(path.endswith("/charges") for path in found)
