"""What a price comes to is worked out on a page, by the same rules that charge."""

from datetime import timedelta

import pytest

from .conftest import PASSWORD
from .test_offer_pages import hidden, page, sent

pytestmark = pytest.mark.slow

PRICE = {
    "cases": [
        {"purposes": ["ResearchAndDevelopment"], "rates": [{"rate": "free"}]},
        {
            "rates": [
                {"rate": "subscription", "amount": "100 DKK", "every": "month"},
                {"rate": "per-use", "unit": "row", "per": 1000, "price": "12.50 DKK"},
                {"rate": "per-use", "unit": "gb", "price": "2 DKK"},
            ]
        },
    ]
}


@pytest.fixture
def priced(alma):
    """An offer of alma's with two prices."""
    return alma.offer(slug=alma.dataset(release=False)["slug"], price=PRICE)


@pytest.fixture
def last_month(alma, bo, used, clock, priced):
    """Bo read fifteen thousand rows a month ago."""
    contract = bo.accept(alma.offer(slug=priced["dataset"]["slug"]))
    used(contract, clock.now(), 15_000)
    emails = [(one, one.caller.email) for one in (alma, bo)]
    clock.advance(timedelta(days=31))
    for one, email in emails:
        one.post("/api/session", {"email": email, "password": PASSWORD})


@pytest.mark.usefixtures("last_month")
def test_last_month_is_told_to_a_buyer_and_all_buyers_to_the_provider(alma, bo, priced):
    path, api = f"/offers/{priced['id']}/price", f"/api/offers/{priced['id']}/quote"
    read, sold = page(bo, path), page(alma, path)

    assert bo.get(api)["total"] == {"minor": 28_750, "currency": "DKK"}
    for part in (
        "What your use would have cost in",
        "DKK\xa0287.50",
        "15,000",
        "DKK\xa0100.00",
    ):
        assert part in read
    assert "What your consumers would have paid in" in sold
    assert f"DKK\xa0{alma.get(api)['total']['minor'] / 100:,.2f}" in sold


def test_a_month_is_worked_out_from_what_is_typed(bo, priced):
    path = f"/offers/{priced['id']}/price"
    typed = "rows=250,000&gb=1.5&requests=&answers="

    answer = page(bo, f"{path}?{typed}")
    free = page(bo, f"{path}?purpose=AcademicResearch&{typed}")
    api = bo.post(path.replace("/offers", "/api/offers").replace("price", "quote"),
                  {"rows": 250_000, "bytes": 1_500_000_000}, 200)  # fmt: skip

    assert f"DKK\xa0{api['total']['minor'] / 100:,.2f}" in answer
    assert "DKK\xa03,228.00" in answer
    assert 'value="250,000"' in answer
    assert "Nothing: it is free of charge." in free


@pytest.mark.parametrize("typed", ["rows=-3", "gb=1.5.0", "answers=lots", "rows=1.5"])
def test_what_is_no_quantity_comes_back(bo, priced, typed):
    answer = page(bo, f"/offers/{priced['id']}/price?{typed}", 422)

    assert 'role="alert"' in answer
    assert f'value="{typed.partition("=")[2]}"' in answer


def test_a_purpose_is_asked_for_where_nobody_has_a_price_without_one(alma, bo):
    only = {"cases": PRICE["cases"][:1]}
    offer = alma.offer(slug=alma.dataset(release=False)["slug"], price=only)

    assert "say that below" in page(bo, f"/offers/{offer['id']}/price")
    assert "no price for your purpose" in page(
        bo, f"/offers/{offer['id']}/price?purpose=Marketing", 403
    )
    assert "no purpose" in page(bo, f"/offers/{offer['id']}/price?purpose=Fun", 422)


def test_a_price_is_reached_from_its_offer_and_shown_to_whom_the_offer_is(alma, bo, carla, nobody):
    slug = alma.dataset(release=False)["slug"]
    offer = alma.offer(slug=slug, price=PRICE, audience=[bo.slug])

    assert f"/offers/{offer['id']}/price" in page(bo, f"/datasets/{slug}")
    page(carla, f"/offers/{offer['id']}/price", 404)
    page(nobody, f"/offers/{offer['id']}/price", 401)
    page(bo, "/offers/of_none/price", 404)


@pytest.mark.usefixtures("last_month")
def test_a_provider_reads_before_it_offers_what_last_month_would_have_brought(alma, priced):
    path = f"/datasets/{priced['dataset']['slug']}/offers/new"
    form = {"title": "Dear", "price_0_row_price": "1", "step": "read"}

    read = sent(alma, path, form).text

    assert "would have paid DKK\xa015,000.00 together" in read
    assert hidden(read)["title"] == ["Dear"]
