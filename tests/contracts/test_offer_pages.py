"""A provider writes an offer on a page, reads what buyers will read, and makes it there."""

import re
from html import unescape

import pytest

from torvet import parties

from .test_service_levels import PROMISED
from .written import TRANSPORT

pytestmark = pytest.mark.slow

HEADERS = {"Accept": "text/html", "Origin": "http://testserver"}
WRITTEN = {
    "title": "Commercial use",
    "approval": "on-request",
    "terms_purposes": ["CommercialPurpose", "ServiceProvision"],
    "terms_columns": ["garage", "at"],
    "terms_filter": "occupied > 10",
    "terms_rows_per_day": "10,000",
    "terms_thanks": "Thank you, Aarhus",
    "price_currency": "DKK",
    "price_0_subscription": "500",
    "price_0_every": "month",
    "price_0_row_price": "12.50",
    "price_0_row_per": "1000",
    "price_0_trial_days": "30",
    "price_1_kinds": ["research"],
    "levels_freshness": "48",
    "levels_freshness_back": "10",
}
AS_JSON = {
    "title": "Commercial use",
    "approval": "on-request",
    "clauses": [
        {"clause": "purposes", "codes": ["CommercialPurpose", "ServiceProvision"]},
        {"clause": "columns", "names": ["garage", "at"]},
        {"clause": "row-filter", "filter": "occupied > 10"},
        {"clause": "rows-per-day", "rows": 10_000},
        {"clause": "thanks", "text": "Thank you, Aarhus"},
    ],
    "price": {
        "cases": [
            {"kinds": ["research"], "rates": [{"rate": "free"}]},
            {
                "rates": [
                    {"rate": "subscription", "amount": "500 DKK", "every": "month"},
                    {"rate": "per-use", "unit": "row", "per": 1000, "price": "12.50 DKK"},
                ],
                "trial_days": 30,
            },
        ]
    },
    "levels": {"levels": [{"level": "freshness", "promised": 48, "back": [{"percent": 10}]}]},
}


def page(person, path, expected=200):
    answer = person.client.get(path, headers=HEADERS | person.more)
    assert answer.status_code == expected, answer.text
    return answer.text


def sent(person, path, form=None, expected=200, **more):
    answer = person.client.post(path, data=form or {}, headers=HEADERS | person.more, **more)
    assert answer.status_code == expected, answer.text
    return answer


def hidden(text):
    """Return the fields that a page sends on."""
    fields = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text):
        fields.setdefault(name, []).append(unescape(value))
    return fields


@pytest.fixture
def square(alma):
    """The address at which alma offers a dataset of hers."""
    return f"/datasets/{alma.dataset()['slug']}/offers/new"


@pytest.fixture
def bare(alma):
    """The short name of a dataset of alma's that has no release to look into yet."""
    return alma.dataset(release=False)["slug"]


def test_what_is_written_is_read_in_both_languages_and_then_made(alma, square):
    slug = square.split("/")[2]
    text = sent(alma, square, {**WRITTEN, "step": "read"}).text

    assert "This is what buyers will read" in text
    assert "DKK\xa0500.00 a month, paid in advance." in text
    assert "500,00\xa0kr. om måneden, betalt forud." in text
    assert "For research institutions: free of charge." in text
    assert alma.get(f"/api/datasets/{slug}/offers")["items"] == []

    sent(alma, square, {**hidden(text), "step": "make"}, 303, follow_redirects=False)

    (made,) = alma.get(f"/api/datasets/{slug}/offers")["items"]
    by_json = alma.post(f"/api/datasets/{slug}/offers", AS_JSON)
    assert made["digest"] == by_json["digest"]
    assert made["approval"] == "on-request"


def test_what_one_has_read_can_still_be_changed(alma, square):
    read = sent(alma, square, {**WRITTEN, "step": "read"}).text

    form = sent(alma, square, {**hidden(read), "step": "change"}).text

    assert 'value="Commercial use"' in form
    assert re.search(r'value="CommercialPurpose" checked', form)
    assert re.search(r'value="research" checked', form)


def test_everything_that_is_wrong_comes_back_at_once_with_what_was_entered(alma, square):
    wrong = {
        **WRITTEN,
        "title": "",
        "terms_rows_per_day": "many",
        "price_0_row_price": "-5",
        "levels_quality": "900",
    }

    answer = sent(alma, square, {**wrong, "step": "read"}, 422).text

    assert 'role="alert"' in answer
    for part in ("title is no line", "many", "below zero", "quality, promised", 'value="-5"'):
        assert part in answer
    assert re.search(r'value="ServiceProvision" checked', answer)


def test_terms_that_do_not_fit_the_dataset_come_back(alma, square):
    wrong = {**WRITTEN, "terms_filter": "bicycles > 1", "step": "read"}

    assert "bicycles" in sent(alma, square, wrong, 422).text


def test_an_offer_for_some_names_them(alma, bo, carla, bare):
    path, form = f"/datasets/{bare}/offers/new", {"title": "For Bo", "step": "read"}
    unknown = sent(alma, path, form | {"audience": "nobody-here"}, 422).text
    too_many = " ".join(f"nobody-{n}" for n in range(501))
    assert "it names 501 parties" in sent(alma, path, form | {"audience": too_many}, 422).text
    read = sent(alma, path, form | {"audience": bo.slug}).text
    sent(alma, path, {**hidden(read), "step": "make"})

    assert "nobody-here" in unknown
    assert "Only Bo sees it" in read
    assert "Only for Bo" in page(alma, f"/datasets/{bare}")
    assert "For Bo" in page(bo, f"/datasets/{bare}")
    assert "For Bo" not in page(carla, f"/datasets/{bare}")


def test_a_preview_that_shows_more_is_acknowledged_on_the_page(alma):
    slug = alma.dataset(preview={"columns": ["garage", "at"], "rows": 3})["slug"]
    path, form = f"/datasets/{slug}/offers/new", {"title": "At", "terms_columns": ["at"]}

    refused = sent(alma, path, {**form, "step": "read"}, 409).text
    read = sent(alma, path, {**form, "step": "read", "preview_acknowledged": "yes"}).text

    assert "garage" in refused
    assert 'name="preview_acknowledged"' in refused
    assert 'name="preview_acknowledged"' not in page(alma, path)
    assert "This is what buyers will read" in read


def test_what_reads_otherwise_by_now_is_read_again(alma, square):
    slug = square.split("/")[2]
    read = hidden(sent(alma, square, {**WRITTEN, "step": "read"}).text)

    again = sent(alma, square, {**read, "seen": ["0" * 64], "step": "make"}).text

    assert "It reads otherwise than a moment ago" in again
    assert alma.get(f"/api/datasets/{slug}/offers")["items"] == []


def test_another_offer_like_one_begins_with_its_terms(alma, square):
    slug = square.split("/")[2]
    clauses, price = AS_JSON["clauses"], AS_JSON["price"]
    offer = alma.offer(*clauses, slug=slug, price=price, levels=PROMISED, title="First")

    form = page(alma, f"{square}?like={offer['id']}")
    filled = {
        "title": "First", "price_0_subscription": "500.00", "terms_rows_per_day": "10000",
        "levels_availability": "99.5", "levels_most_percent": "60",
    }  # fmt: skip

    for name, value in filled.items():
        assert re.search(rf'name="{name}"[^>]* value="{value}"', form), name
    page(alma, f"{square}?like=of_none", 404)


@pytest.mark.parametrize("who", ["bo", "nobody"])
def test_only_the_providers_stewards_write_offers(alma, bare, who, request):
    stranger = request.getfixturevalue(who)
    path, expected = f"/datasets/{bare}/offers/new", 403 if who == "bo" else 401

    sent(stranger, path, {"title": "Mine", "step": "make"}, expected)
    if who == "bo":
        page(stranger, path, 403)
    assert "Make an offer" in page(alma, f"/datasets/{bare}")
    assert "Make an offer" not in page(stranger, f"/datasets/{bare}")


def test_a_provider_withdraws_an_offer_where_it_stands(alma, bo, bare):
    offer = alma.offer(slug=bare)
    path = f"/offers/{offer['id']}/withdrawal"

    sent(bo, path, expected=404)
    assert "This is your own offer, withdrawn." in sent(alma, path).text
    assert "No open offers" in page(bo, f"/datasets/{bare}")
    assert alma.get(f"/api/offers/{offer['id']}")["stage"] == "withdrawn"


def test_a_buyer_sets_a_cap_pays_before_and_writes_a_note_on_accepting(alma, bo, bare):
    offer = alma.offer(slug=bare, price="12.50 DKK per 1000 rows")
    path, form = f"/offers/{offer['id']}/acceptance", {"purpose": TRANSPORT}
    form |= {"seen": offer["digest"], "note": "For our map", "cap": "2 000,00", "prepaid": "yes"}

    refused = sent(bo, path, form, 422).text
    made = sent(bo, path, form | {"cap": "2000,00"}).text

    assert "is no spending cap" in refused
    for part in ("2 000,00", "For our map", f'value="{TRANSPORT}" selected'):
        assert part in refused
    assert re.search(r'name="prepaid"[^>]* checked', refused)
    assert "Spending cap: DKK\xa02,000.00 a month." in made
    assert "For our map" in made
    assert "reading stops when what is paid in is used up" in made


def test_a_buyer_chooses_among_the_purposes_that_the_offer_allows(alma, bo, bare):
    alma.offer({"clause": "purposes", "codes": ["AcademicResearch", TRANSPORT]}, slug=bare)

    offered = re.findall(r'<option value="(\w+)"', page(bo, f"/datasets/{bare}"))

    assert set(offered) == {"AcademicResearch", TRANSPORT}


def test_what_is_refused_says_so_where_the_offer_stands(alma, bo, bare):
    offer = alma.offer(slug=bare, price="500 DKK per month")
    form = {"purpose": TRANSPORT, "seen": offer["digest"], "ean": "12"}
    path = f"/offers/{offer['id']}/acceptance"

    assert "is no EAN" in sent(bo, path, form, 422).text
    assert "does not say what you saw" in sent(bo, path, form | {"seen": "0" * 64}, 409).text
    assert "2,000 characters" in sent(bo, path, form | {"note": "x" * 2001}, 422).text
    assert "is your own" in sent(alma, path, form | {"ean": ""}, 403).text
    assert bo.get("/api/contracts")["items"] == []
    sent(bo, "/offers/of_none/acceptance", form, 404)


@pytest.fixture
def reader_for(person, parts):
    """Make somebody who only reads for an organisation: `reader_for(alma)`."""

    def make(owner):
        new = person("rita", organisation=False)
        email = new.caller.email
        parties.add_member(parts, owner.caller, owner.slug, email=email, role=parties.Role.READER)
        return new.acting_for(owner.slug)

    return make


def test_who_only_reads_for_a_provider_offers_and_withdraws_nothing(alma, bare, reader_for):
    rita, offer = reader_for(alma), alma.offer(slug=bare)

    text = page(rita, f"/datasets/{bare}")
    for path in (f"/datasets/{bare}/offers/new", f"/offers/{offer['id']}/withdrawal"):
        assert path not in text
        sent(rita, path, {"title": "Mine", "step": "make"}, 403)
    page(rita, f"/datasets/{bare}/offers/new", 403)

    assert [it["stage"] for it in alma.get(f"/api/datasets/{bare}/offers")["items"]] == ["open"]


def test_who_only_reads_for_a_buyer_accepts_ends_and_owes_nothing(alma, bo, bare, reader_for):
    owed = {"clause": "thanks", "text": "Thank you"}
    rita, offer = reader_for(bo), alma.offer(owed, slug=bare)
    other, held = alma.offer(slug=bare), bo.accept(offer)["id"]
    accepting = {"purpose": TRANSPORT, "seen": other["digest"]}

    text = page(rita, f"/contracts/{held}")
    for deed in ("ending", "duties/thanks/done"):
        assert f"/contracts/{held}/{deed}" not in text
        sent(rita, f"/contracts/{held}/{deed}", {"words": "Done"}, 403)
    assert "Somebody who buys for your party can accept it." in page(rita, f"/datasets/{bare}")
    assert "role" in sent(rita, f"/offers/{other['id']}/acceptance", accepting, 403).text

    assert [it["id"] for it in bo.get("/api/contracts")["items"]] == [held]
    assert bo.get(f"/api/contracts/{held}")["stage"] == "agreed"
