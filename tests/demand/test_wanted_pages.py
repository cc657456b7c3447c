"""The pages of what is wanted work as plain forms, and tell what is wrong."""

from datetime import timedelta

from .conftest import kr


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


def test_a_form_with_a_mistake_comes_back_as_it_was(market):
    page = _sent(market.bo, "/wanted", _form(market, goal="a lot"), 422).text

    assert "is no amount of money" in page
    assert 'value="Street trees"' in page


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
