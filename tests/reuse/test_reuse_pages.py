"""Pages of reuse: a panel on the dataset's page, a form for a use, a year that can be printed."""

import pytest

from torvet.parties import make_operator

from .conftest import benefit


def _page(person, path):
    answer = person.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return answer.text


def _sent(person, path, form, expected=200):
    headers = {"Accept": "text/html", "Origin": "http://testserver"}
    answer = person.client.post(path, data=form, headers=headers)
    assert answer.status_code == expected, answer.text
    return answer.text


@pytest.fixture
def contract(square):
    slug = square.alma.dataset(release=False)["slug"]
    return square.contract({"clause": "thanks", "text": "Data: Alma"}, slug=slug)


def test_a_datasets_page_lists_and_metadata_tell_its_reuse_and_its_stars(square, contract):
    slug = contract["dataset"]["slug"]
    square.read(contract)
    square.use(contract, benefit(low=50), public=True, shown="kind")
    review = square.review(contract, stars=4, words="Few gaps.")
    _sent(square.alma, f"/reviews/{review['id']}/answer", {"words": "Thank you."})

    page = _page(square.carla, f"/datasets/{slug}")

    for said in ("1 contract is in force", "kg CO₂e", "A company", "Few gaps.", "Thank you."):
        assert said in page
    assert "4.0" in page
    found = square.carla.get("/api/datasets", params={"q": "Parking", "page_size": 100})["items"]
    (item,) = [one for one in found if one["slug"] == slug]
    assert item["rating"] == {"reviews": 1, "mean": "4.0"}
    turtle = square.carla.client.get(f"/datasets/{slug}.ttl").text
    assert "dqv:UserQualityFeedback" in turtle
    assert "4.0 of 5 stars from 1 review" in turtle


def test_a_use_is_stated_in_a_browser_and_its_mistakes_are_told(square, contract):
    path = f"/contracts/{contract['id']}"
    form = {
        "title": "Fewer detours",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
        "unit": "hours",
        "amount": "12,5",
        "method": "counted",
        "shown": "named",
    }

    wrong = _sent(square.bo, f"{path}/uses", form | {"low": "20"}, 422)
    stated = _sent(square.bo, f"{path}/uses", form)

    assert "not between" in wrong
    assert 'value="Fewer detours"' in wrong
    assert "12.5 hours saved" in stated
    _sent(square.bo, f"{path}/thanks", {"words": "Thanks!"})
    after = _page(square.bo, f"{path}/reuse")
    assert "Done 1 June 2026" in after
    assert "“Thanks!”" in after
    assert "12.5 hours saved" in _page(square.alma, "/reuse")


def test_a_review_is_written_and_taken_back_in_a_browser(square, contract):
    square.read(contract)
    path = f"/contracts/{contract['id']}/review"
    stars = {"quality": 5, "freshness": 5, "documentation": 5, "support": 5}

    written = _sent(square.bo, path, {**stars, "words": "All there."})
    back = _sent(square.bo, f"{path}/withdrawal", {})

    assert "All there." in written
    assert "Review it" in back


def test_a_year_can_be_printed(square, contract):
    square.read(contract, rows=44)

    page = _page(square.alma, "/reuse/statement?year=2026")

    assert "Alma in 2026" in page
    assert "How to read this" in page


def test_a_use_stated_in_a_browser_is_shown_as_its_consumer_wants(square, contract):
    form = {
        "title": "Night buses",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
        "shown": "named",
        "public": "true",
    }
    path = f"/contracts/{contract['id']}/uses"

    wrong = _sent(square.bo, path, form | {"link": "javascript:alert(1)"}, 422)
    _sent(square.bo, path, form)

    assert "is no address" in wrong
    assert '<option value="true" selected>' in wrong
    assert '<option value="named" selected>' in wrong
    (use, *_) = square.alma.get("/api/reuse/uses", params={"provided": True})["items"]
    assert (use["title"], use["who"]["name"], use["public"]) == ("Night buses", "Bo", True)


def test_a_use_is_taken_back_in_a_browser_and_counts_no_more(square, contract):
    used = square.use(contract, benefit(amount=77), shown="named")
    bos = _page(square.bo, "/reuse")
    assert f"/reuse/uses/{used['id']}/withdrawal" in bos

    back = _sent(square.bo, f"/reuse/uses/{used['id']}/withdrawal", {})

    assert used["id"] not in back
    assert used["id"] not in _page(square.alma, "/reuse")
    _sent(square.carla, f"/reuse/uses/{used['id']}/withdrawal", {}, 404)


def test_a_use_that_counts_the_same_benefit_says_so_in_a_browser(square, contract):
    first = square.use(contract, benefit(unit="kwh", amount=10))
    form = {
        "title": "Again",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
        "counted_with": first["id"],
    }

    wrong = _sent(
        square.bo, f"/contracts/{contract['id']}/uses", form | {"counted_with": "us_x"}, 422
    )
    _sent(square.bo, f"/contracts/{contract['id']}/uses", form)

    assert "to count it with" in wrong
    listed = square.bo.get("/api/reuse/uses")["items"]
    assert listed[0]["counted_with"] == first["id"]


def test_reviews_and_thanks_that_are_refused_come_back_as_they_were(square, contract):
    path = f"/contracts/{contract['id']}"
    stars = {"quality": 2, "freshness": 3, "documentation": 4, "support": 5}

    unread = _sent(square.bo, f"{path}/review", {**stars, "words": "Never read."}, 403)
    thanks = {"words": "So kind", "shown": "kind"}

    assert "Never read." in unread
    assert '<option value="2" selected>' in unread
    assert 'role="alert"' in unread
    assert _sent(square.carla, f"{path}/thanks", thanks, 404)
    _sent(square.bo, f"{path}/thanks", thanks)
    assert "“So kind”" in _page(square.alma, "/reuse")
    assert "A company" in _page(square.alma, "/reuse")


def test_a_review_has_a_page_with_its_versions(square, contract):
    square.read(contract)
    square.review(contract, words="Gaps in May.")
    written = square.review(contract, stars=5, words="All mended.")
    path = f"/reviews/{written['id']}"
    assert path in _page(square.carla, f"/datasets/{contract['dataset']['slug']}")

    page = _page(square.carla, path)

    for said in ("Gaps in May.", "All mended.", "version 2", "version 1"):
        assert said in page
    assert "Hide it</button>" not in page
    assert "Answer</button>" not in page
    assert "Answer</button>" in _page(square.alma, path)
    _sent(square.carla, f"{path}/hiding", {"reason": "I dislike it"}, 403)


def test_the_operator_hides_a_review_for_a_reason_and_shows_it_again(square, contract):
    square.read(contract)
    written = square.review(contract, words="Unlawful words.")
    path, dataset = f"/reviews/{written['id']}", f"/datasets/{contract['dataset']['slug']}"
    make_operator(square.parts, "carla@demand.example.org")
    try:
        assert f"{path}#hide" in _page(square.carla, dataset)
        hidden = _sent(square.carla, f"{path}/hiding", {"reason": "names a neighbour"})
        refused = _sent(square.alma, f"{path}/answer", {"words": "We disagree."}, 409)
        seen = _page(square.bo, dataset)
        shown = _sent(square.carla, f"{path}/showing", {})
    finally:
        make_operator(square.parts, "carla@demand.example.org", operator=False)

    assert "The operator hid it: names a neighbour" in hidden
    assert "hid it" in refused or "hidden" in refused
    assert "names a neighbour" in seen
    assert "Unlawful words." not in seen
    assert "Hide it</button>" in shown
    assert "Unlawful words." in _page(square.bo, dataset)


def test_a_datasets_reuse_has_a_page_that_tells_its_provider_more(square, contract):
    square.read(contract, rows=123_456)
    square.use(contract, benefit(unit="hours", amount=3), shown="named", title="Night map")
    path = f"/datasets/{contract['dataset']['slug']}/reuse"

    almas, carlas = _page(square.alma, path), _page(square.carla, path)

    assert path in _page(square.alma, f"/datasets/{contract['dataset']['slug']}")
    for told in ("123,456", "Night map", "3 hours"):
        assert told in almas
        assert told not in carlas
    assert "What everybody sees" in carlas
    assert "No contract was in force in 2024" in _page(square.alma, f"{path}?year=2024")


def test_a_consumers_year_can_be_printed(square, contract):
    square.read(contract, rows=654_321)
    square.use(contract, benefit(unit="hours", amount=3), title="Day map")
    square.bo.post(f"/api/contracts/{contract['id']}/thanks", {"words": "Well kept."})

    page = _page(square.bo, "/reuse/taken?year=2026")
    year = square.bo.get("/api/reuse/taken", params={"year": 2026})

    for told in ("654,321", "Day map", "Well kept.", "Alma"):
        assert told in page
    (taken,) = [one for one in year["datasets"] if one["dataset"] == contract["dataset"]["slug"]]
    assert (taken["used"]["rows"], taken["contracts"]) == (654_321, 1)
    assert taken["provider"]["name"] == "Alma"
    assert year["used"]["rows"] >= 654_321
    assert "No contract of yours was in force" in _page(square.carla, "/reuse/taken?year=2026")
