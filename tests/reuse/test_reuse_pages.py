"""Pages of reuse: a panel on the dataset's page, a form for a use, a year that can be printed."""

import pytest

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
    assert "Done 1 June 2026" in _page(square.bo, f"{path}/reuse")
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
