"""The pages of what is wanted work as plain forms, and tell what is wrong."""

import re
from datetime import timedelta

import pytest

from .conftest import DAYS_LEFT, kr


def _page(person, path, expected=200):
    answer = person.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == expected
    return answer.text


def _sent(person, path, form, expected=200):
    headers = {"Accept": "text/html", "Origin": "http://testserver"}
    answer = person.client.post(path, data=form, headers=headers)
    assert answer.status_code == expected, answer.text
    return answer


def _form(market, **more):
    today = market.clock.now().date()
    return {
        "title_en": "Street trees",
        "purpose": "PublicBenefit",
        "theme": "ENVI",
        "goal": "2500",
        "deadline": (today + timedelta(days=3)).isoformat(),
        "deliver_by": (today + timedelta(days=7)).isoformat(),
        **more,
    }


def test_data_is_asked_for_and_pledged_to_in_a_browser(market):
    made = _sent(market.bo, "/wanted", _form(market))
    path = made.url.path

    _sent(market.carla, f"{path}/join", {"use": "shade"})
    page = _sent(market.carla, f"{path}/pledge", {"amount": "1250,50"}).text

    assert "DKK\u00a01,250.50" in page
    assert "2 parties want it" in page
    assert "Take it back" in page
    back = _sent(market.carla, f"{path}/pledge/back", {}).text
    assert "DKK\u00a00.00" in back


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ({"goal": "a lot"}, "is no amount of money"),
        ({"goal": "2.500"}, "is no amount of money"),
        ({"budget": "100"}, "below its goal"),
        ({"deadline": "soon"}, "is no day"),
        ({"deadline": "9999-12-31"}, "has no day after it"),
        ({"period_start": "2026-13-01"}, "is no day"),
        ({"circle": "no-such-party"}, "there is no party"),
    ],
)
def test_a_form_with_a_mistake_comes_back_as_it_was(market, mistake, said):
    page = _sent(market.bo, "/wanted", _form(market, **mistake), 422).text

    assert said in page
    assert 'value="Street trees"' in page
    for value in mistake.values():
        assert f'value="{value}"' in page


def test_everything_that_can_be_wanted_is_asked_for_in_a_browser(market):
    form = _form(
        market,
        goal="500 EUR",
        budget="750,50 EUR",
        period_start="2026-01-01",
        period_end="2026-12-31",
        circle=market.alma.slug,
    )

    made = _sent(market.bo, "/wanted", form).url.path

    seen = market.alma.get(f"/api{made}")
    assert (seen["goal"], seen["budget"]["minor"]) == ({"minor": 50_000, "currency": "EUR"}, 75_050)
    assert (seen["period_start"], seen["period_end"]) == ("2026-01-01", "2026-12-31")
    _page(market.carla, made, 404)


def test_the_list_shows_how_far_each_has_come_and_demand_by_theme(market):
    made = market.wanted(goal=kr(100_000), theme="HEAL")
    market.pledge(market.bo, made, 25_000)

    page = _page(market.carla, "/wanted?theme=HEAL&sort=number")

    assert 'value="0.25"' in page
    assert "Demand by theme" in page
    assert _page(market.carla, "/wanted?past=true")


def test_an_answer_is_decided_on_in_a_browser(market):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    answer = market.answered(made)

    page = _sent(market.bo, f"/wanted/{made['id']}/answers/{answer['id']}/vote", {"vote": "yes"})

    assert "Promised by a provider" in page.text
    _page(market.carla, "/wanted/rq_none", 404)


def _answer(market, **more):
    day = market.clock.now().date() + timedelta(days=DAYS_LEFT - 2)
    return {"words": "We count them.", "price": "800", "deliver_by": day.isoformat(), **more}


def test_a_provider_answers_in_a_browser_and_takes_it_back(market):
    made = market.wanted()
    path = f"/wanted/{made['id']}"
    assert "Answer it" in _page(market.alma, path)

    form = _page(market.alma, f"{path}/answer")
    page = _sent(
        market.alma,
        f"{path}/answers",
        _answer(
            market,
            price="800,50",
            terms_no_onward_sharing="yes",
            terms_rows_per_day="5,000",
            levels_freshness="24",
        ),
    ).text

    assert "one that you plan" in form
    assert "DKK\u00a0800.50" in page
    (answer,) = market.shown(market.alma, made)["answers"]
    assert [term["clause"] for term in answer["terms"]] == ["rows-per-day", "no-onward-sharing"]
    assert answer["levels"]["promised"]["levels"][0]["promised"] == 24
    assert answer["levels"]["words"]["en"][0] in page
    assert "levels_quality_back" not in form
    assert answer["yours"]
    assert not market.shown(market.bo, made)["answers"][0]["yours"]
    assert "Take your answer back" not in _page(market.bo, path)
    assert "Take your answer back" in page
    back = _sent(market.alma, f"{path}/answers/{answer['id']}/withdrawal", {}).text
    assert "Withdrawn" in back
    assert "Answer it" in back


@pytest.mark.parametrize(
    ("mistake", "status", "said"),
    [
        ({"price": "some"}, 422, "is no amount of money"),
        ({"price": "12 EUR"}, 409, "and DKK is pledged"),
        ({"deliver_by": "2020-01-01"}, 409, "a day that is over"),
        ({"terms_rows_per_day": "many"}, 422, "is no whole number"),
        ({"levels_quality": "900"}, 422, "quality, promised, is no whole number"),
        ({"dataset": "not-mine"}, 404, "not-mine"),
    ],
)
def test_an_answer_that_is_refused_comes_back_as_it_was(market, mistake, status, said):
    made = market.wanted()
    form = _answer(market, terms_attribution="Alma counts", **mistake)

    page = _sent(market.alma, f"/wanted/{made['id']}/answers", form, status).text

    assert said in page
    assert 'role="alert"' in page
    assert "We count them." in page
    assert "Alma counts" in page
    if "dataset" not in mistake:
        assert all(f'value="{value}"' in page for value in mistake.values())
    assert market.shown(market.alma, made)["answers"] == []


def test_an_answer_that_would_give_back_what_is_paid_once_comes_back(market):
    form = _answer(market, levels_quality="90", levels_quality_back="80: 5")

    path = f"/wanted/{market.wanted()['id']}"
    page = _sent(market.alma, f"{path}/answers", form, 422).text
    free = _page(market.alma, f"/wanted/{market.wanted(goal=None)['id']}/answer")

    assert "belongs to no month" in page
    assert "80: 5" in page
    assert "levels_quality_back" in free


def _promised(market):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    market.vote(market.bo, made, market.answered(made))
    return made, f"/wanted/{made['id']}"


def test_what_was_promised_is_delivered_in_a_browser_and_what_is_missing_is_said(market):
    _, path = _promised(market)
    fit, bare = market.alma.dataset(), market.alma.dataset(release=False)
    assert "Deliver it" in _page(market.alma, path)
    assert "Deliver it" not in _page(market.bo, path)

    form = _page(market.alma, f"{path}/delivery")
    wrong = _sent(market.alma, f"{path}/delivery", {"dataset": bare["slug"]}, 409).text
    done = _sent(market.alma, f"{path}/delivery", {"dataset": fit["slug"]}).text

    assert f'<option value="{fit["slug"]}"' in form
    assert f"dataset {bare['slug']} has no release" in form
    assert f"dataset {bare['slug']} has no release" in wrong
    assert "Fulfilled" in done
    assert "Your contract" in _page(market.bo, path)


def test_whoever_cannot_deliver_says_so_and_all_are_free(market):
    made, path = _promised(market)
    (answer,) = market.shown(market.alma, made)["answers"]
    page = _page(market.alma, path)

    failed = _sent(market.alma, f"{path}/answers/{answer['id']}/withdrawal", {}).text

    assert "every pledge is free" in page
    assert "I cannot deliver" in page
    assert "The provider said that it cannot deliver" in failed
    assert market.shown(market.bo, made)["pledge"]["stage"] == "freed"


def test_delivery_is_for_who_promised_it_alone(market):
    made, path = _promised(market)

    _page(market.bo, f"{path}/delivery", 403)
    _sent(market.carla, f"{path}/delivery", {"dataset": "x"}, 403)
    _page(market.alma, f"/wanted/{market.wanted()['id']}/delivery", 409)
    assert market.shown(market.bo, made)["stage"] == "promised"


def test_its_owner_takes_a_request_back_in_a_browser_and_says_why(market):
    made = market.wanted()
    path = f"/wanted/{made['id']}"
    assert "Take the request back" in _page(market.bo, path)
    assert "Take the request back" not in _page(market.carla, path)

    refused = _sent(market.carla, f"{path}/withdrawal", {"reason": "Not mine"}, 403).text
    gone = _sent(market.bo, f"{path}/withdrawal", {"reason": "we found it elsewhere"}).text

    assert "Only the owner" in refused
    assert "We found it elsewhere." in gone
    assert market.shown(market.bo, made)["stage"] == "withdrawn"


def test_a_party_leaves_in_a_browser_unless_it_pledged(market):
    path = f"/wanted/{market.wanted()['id']}"
    joined = _sent(market.carla, f"{path}/join", {"use": "shade"}).text

    left = _sent(market.carla, f"{path}/join/back", {}).text

    assert "I do not need it any more" in joined
    assert "1 party wants it" in left
    _sent(market.carla, f"{path}/join", {})
    pledged = _sent(market.carla, f"{path}/pledge", {"amount": "10 DKK"}).text
    assert "I do not need it any more" not in pledged


def test_a_pledge_that_is_refused_comes_back_as_it_was(market):
    path = f"/wanted/{market.wanted()['id']}"
    form = {"amount": "12 EUR", "kind": "prepaid", "purchase_order": "PO-77"}

    page = _sent(market.carla, f"{path}/pledge", form, 422).text

    assert "DKK is pledged here, and EUR is offered" in page
    assert 'value="12 EUR"' in page
    assert 'value="PO-77"' in page
    assert re.search(r'value="prepaid" selected', page)


def test_a_pledge_is_prepaid_where_the_form_says_so(market):
    made = market.wanted()

    page = _sent(market.carla, f"/wanted/{made['id']}/pledge", {"amount": "5", "kind": "prepaid"})

    assert "Write <code>" in page.text
    assert market.shown(market.carla, made)["pledge"]["kind"] == "prepaid"


def test_what_a_party_wants_and_answered_is_on_one_page(market, nobody):
    asked, other = market.wanted(), market.wanted(title={"en": "Benches per park"})
    market.pledge(market.carla, other, 25_000)
    market.answered(asked)

    bos, carlas = _page(market.bo, "/wanted/mine"), _page(market.carla, "/wanted/mine")
    almas = _page(market.alma, "/wanted/mine")

    assert asked["id"] in bos
    assert "DKK\u00a0250.00, made" in carlas
    assert asked["id"] not in carlas
    assert "DKK\u00a0800.00, offered" in almas
    listed = market.alma.get("/api/wanted", params={"mine": True, "limit": 200})["items"]
    assert asked["id"] in {one["id"] for one in listed}
    assert "/wanted/mine" in _page(market.bo, "/wanted")
    assert "/wanted/mine" not in _page(nobody, "/wanted")


def test_a_reader_sees_no_button_that_is_not_theirs(market):
    path = f"/wanted/{market.wanted()['id']}"
    reader = market.carla.token("read")

    page = reader.client.get(path, headers={**reader.more, "Accept": "text/html"}).text

    for button in ("I need it too", "Answer it", "Pledge</button>"):
        assert button not in page
    answer = {**reader.more, "Accept": "text/html", "Origin": "http://testserver"}
    for deed, form in (("join", {}), ("answers", _answer(market)), ("withdrawal", {})):
        assert reader.client.post(f"{path}/{deed}", data=form, headers=answer).status_code == 403
