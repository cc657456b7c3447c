"""From a request for data to its delivery, or to pledges that are free again."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from torvet.kit.moments import to_text

from .conftest import DAYS_LEFT, DAYS_OPEN, DAYS_PROMISED, kr


def test_whoever_asks_is_the_first_to_want_it(market, nobody):
    made = market.wanted()

    seen = market.shown(nobody, made)

    assert (seen["stage"], seen["joined"], seen["yours"]) == ("open", 1, False)
    assert seen["purpose_words"]["en"] == "improving transport and mobility"
    assert market.shown(market.bo, made)["yours"]
    assert [fact["name"] for fact in market.facts(made["id"])] == ["data-wanted"]


def test_others_join_once_and_leave(market):
    made = market.wanted()

    joined = market.carla.post(f"/api/wanted/{made['id']}/join", {"use": "a map"}, 200)
    again = market.carla.post(f"/api/wanted/{made['id']}/join", {"use": "a better map"}, 200)

    assert (joined["joined"], again["joined"]) == (2, 2)
    assert [join["use"] for join in again["joins"]] == ["a better map"]
    assert len(market.shown(market.bo, made)["joins"]) == 2
    assert market.carla.send("DELETE", f"/api/wanted/{made['id']}/join")["joined"] == 1


def test_who_pledges_keeps_what_it_joined_for(market):
    made = market.wanted()
    wish = {"use": "a study", "purpose": "AcademicResearch"}
    market.carla.post(f"/api/wanted/{made['id']}/join", wish, 200)

    pledge = market.pledge(market.carla, made, 5_000)

    (join,) = market.shown(market.carla, made)["joins"]
    assert (pledge["purpose"], join["use"]) == ("AcademicResearch", "a study")


def test_a_list_is_asked_for_at_once_however_long_it_is(market):
    questions = []

    def asked(many):
        while len(market.bo.get("/api/wanted")["items"]) < many:
            market.wanted()
        questions.clear()
        assert len(market.bo.get("/api/wanted")["items"]) >= many
        return len(questions)

    def listen(*it):
        questions.append(it[2])

    event.listen(market.parts.db, "before_cursor_execute", listen)
    try:
        assert asked(2) == asked(5)
    finally:
        event.remove(market.parts.db, "before_cursor_execute", listen)


def test_only_its_circle_sees_a_request(market):
    made = market.wanted(circle=[market.alma.slug])

    market.shown(market.alma, made)
    hidden = market.carla.get(f"/api/wanted/{made['id']}", 404)

    assert hidden["code"] == "request-not-found"
    assert (
        market.carla.post(f"/api/wanted/{made['id']}/join", {}, 404)["code"] == "request-not-found"
    )
    ids = [one["id"] for one in market.carla.get("/api/wanted", params={"limit": 200})["items"]]
    assert made["id"] not in ids


def test_the_pledge_that_reaches_the_goal_binds_all(market):
    made = market.wanted()

    first = market.pledge(market.bo, made, 60_000)
    last = market.pledge(market.carla, made, 40_000)

    assert (first["stage"], last["stage"]) == ("made", "bound")
    seen = market.shown(market.bo, made)
    assert (seen["stage"], seen["progress"], seen["pledge"]["stage"]) == ("bound", 1.0, "bound")
    bound = [fact for fact in market.facts(made["id"]) if fact["name"] == "pledges-bound"]
    assert len(bound) == 1
    assert len(bound[0]["parties"]) == 2


def test_a_provider_and_those_who_pledge_are_told_apart(market):
    made = market.wanted()
    market.pledge(market.bo, made, 60_000)
    market.pledge(market.carla, made, 40_000)

    market.answered(made)

    told = [fact for fact in market.facts(made["id"]) if fact["name"] == "wanted-answered"]
    assert [len(fact["parties"]) for fact in told] == [1] * 3
    # Who did it is somebody's name as well: the owner alone reads it.
    assert [fact["actor"] == "exchange" for fact in told] == [False, True, True]


def test_a_pledge_is_taken_back_until_it_binds(market):
    made = market.wanted()
    market.pledge(market.carla, made, 60_000)

    back = market.carla.send("DELETE", f"/api/wanted/{made['id']}/pledge")
    assert back["stage"] == "taken-back"
    assert market.shown(market.bo, made)["pledged"] == kr(0)

    market.pledge(market.carla, made, 100_000)
    binds = market.carla.send("DELETE", f"/api/wanted/{made['id']}/pledge", None, 409)
    assert binds["code"] == "pledge-binds"


def test_a_goal_that_is_not_reached_by_the_deadline_frees_every_pledge(market):
    made = market.wanted()
    market.pledge(market.bo, made, 60_000)
    market.pledge(market.carla, made, 39_900)
    market.clock.advance(days=DAYS_OPEN)

    market.settle()
    market.settle()

    seen = market.shown(market.carla, made)
    assert (seen["stage"], seen["pledge"]["stage"]) == ("lapsed", "freed")
    names = [fact["name"] for fact in market.facts(made["id"])]
    assert names.count("wanted-lapsed") == 1


def test_at_the_moment_of_the_deadline_it_is_over_and_a_clock_set_back_opens_nothing(market):
    made = market.wanted()
    market.clock.advance(timedelta(days=DAYS_OPEN) - timedelta(microseconds=1))
    market.pledge(market.bo, made, 60_000)
    market.clock.advance(microseconds=1)

    assert market.pledge(market.carla, made, 60_000, 409)["code"] == "request-over"
    market.settle()
    market.clock.advance(days=-2)
    assert market.pledge(market.carla, made, 60_000, 409)["code"] == "request-over"
    assert market.shown(market.bo, made)["stage"] == "lapsed"


def test_what_is_promised_and_delivered_is_paid_in_shares_to_the_last_ore(market):
    made = market.wanted()
    market.pledge(market.bo, made, 66_667)
    market.pledge(market.carla, made, 33_334)
    answer = market.answered(made, 100_000)

    promised = market.vote(market.bo, made, answer)
    dataset = market.alma.dataset()
    done = market.deliver(made, dataset, 200)

    assert promised["stage"] == "promised"
    assert (done["stage"], done["dataset"]) == ("fulfilled", dataset["slug"])
    shares = [market.shown(one, made)["pledge"] for one in (market.bo, market.carla)]
    assert [one["share"]["minor"] for one in shares] == [66_666, 33_334]
    for one, who in zip(shares, (market.bo, market.carla), strict=True):
        contract = who.get(f"/api/contracts/{one['contract']}")
        assert contract["stage"] == "agreed"
        (rate,) = contract["price"]["price"]["rates"]
        assert (rate["rate"], rate["amount"]) == ("one-off", one["share"])
    fact = market.facts(made["id"])[-1]
    assert (fact["name"], fact["body"]["dataset"]) == ("wanted-fulfilled", dataset["id"])


def test_a_dataset_that_lacks_what_was_wanted_fulfils_nothing(market):
    made = market.wanted(columns=["garage", "bikes"])
    market.pledge(market.bo, made, 60_000)
    market.pledge(market.carla, made, 60_000)
    market.vote(market.bo, made, market.answered(made))
    dataset = market.alma.dataset(visibility="circle", circle=[market.bo.slug])

    refused = market.deliver(made, dataset, 409)

    assert refused["code"] == "not-delivered"
    assert refused["reasons"] == [
        "it has no column bikes",
        "1 of those who pledged cannot see the dataset: open it to them",
    ]
    assert market.shown(market.bo, made)["stage"] == "promised"
    assert market.shown(market.bo, made)["pledge"]["contract"] is None


def test_terms_that_one_pledger_could_never_read_under_deliver_to_nobody(market):
    made = market.wanted()
    market.pledge(market.bo, made, 60_000)
    market.pledge(market.carla, made, 60_000, purpose="Advertising")
    clauses = [{"clause": "purposes", "codes": ["PublicBenefit"]}]
    market.vote(market.bo, made, market.answered(made, clauses=clauses))

    slug = market.alma.dataset()["slug"]
    refused = market.alma.post(f"/api/wanted/{made['id']}/delivery", {"dataset": slug}, 403)

    assert refused["code"] == "terms-not-met"
    assert market.shown(market.bo, made)["pledge"]["stage"] == "bound"
    assert market.shown(market.bo, made)["pledge"]["contract"] is None


@pytest.mark.parametrize("late", [DAYS_PROMISED, DAYS_LEFT])
def test_a_provider_who_does_not_deliver_by_the_promised_day_frees_every_pledge(market, late):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    market.vote(market.bo, made, market.answered(made))
    slug = market.alma.dataset()["slug"]
    market.clock.advance(days=late)

    assert market.alma.post(f"/api/wanted/{made['id']}/delivery", {"dataset": slug}, 409)
    market.settle()

    seen = market.shown(market.bo, made)
    assert (seen["stage"], seen["pledge"]["stage"]) == ("failed", "freed")
    assert seen["answers"][0]["stage"] == "failed"


def test_pledges_are_free_where_nobody_answers_by_the_last_day(market):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    market.clock.advance(days=DAYS_LEFT)

    market.settle()

    assert market.shown(market.bo, made)["pledge"]["stage"] == "freed"


def test_who_pays_more_than_half_decides_and_who_is_silent_goes_with_the_owner(market):
    made = market.wanted()
    market.pledge(market.bo, made, 40_000)
    market.pledge(market.carla, made, 60_000)
    answer = market.answered(made)

    assert market.vote(market.carla, made, answer, "no")["stage"] == "bound"
    assert market.vote(market.bo, made, answer)["stage"] == "bound"
    assert market.vote(market.carla, made, answer, "yes")["stage"] == "promised"


def test_strangers_neither_decide_nor_withdraw(market):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    answer = market.answered(made)

    assert market.vote(market.carla, made, answer, expected=403)["code"] == "no-vote"
    path = f"/api/wanted/{made['id']}"
    assert market.carla.post(f"{path}/withdrawal", {}, 403)["code"] == "not-request-owner"
    assert market.carla.send("DELETE", f"{path}/answers/{answer['id']}", None, 403)
    assert market.bo.post(f"{path}/withdrawal", {}, 409)["code"] == "request-over"


def test_what_costs_more_than_is_pledged_is_not_accepted(market):
    made = market.wanted(goal=kr(50_000))
    answer = market.answered(made, 80_000)
    early = market.vote(market.bo, made, answer, expected=409)
    market.pledge(market.bo, made, 50_000)
    dear = market.vote(market.bo, made, answer, expected=409)

    assert early["reasons"][0] == "the pledges do not bind yet"
    assert dear["reasons"] == ["it costs 800.00 DKK, and 500.00 DKK may be paid"]


def test_nobody_answers_or_pays_itself(market):
    made = market.wanted()
    market.answered(made)

    assert market.pledge(market.alma, made, 50_000, 422)["reasons"] == [
        "your party answered this request: nobody pays itself"
    ]
    assert market.answered(made, who=market.bo, expected=409)["reasons"] == [
        "it is your own request"
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"theme": "NONE"}, "no theme"),
        ({"title": {}}, "no title"),
        ({"goal": kr(0)}, "is no money"),
        ({"budget": kr(1)}, "budget is below its goal"),
        ({"goal": None, "budget": kr(1)}, "a budget and no goal"),
        ({"budget": {"minor": 10**9, "currency": "EUR"}}, "its budget is in EUR"),
        ({"period": {"start": "2027-01-02", "end": "2027-01-01"}}, "ends before it begins"),
        ({"circle": ["no-such-party"]}, "there is no party"),
        ({"deadline": "2026-06-01T12:30:00Z"}, "less than an hour"),
        ({"deliver_by": "2026-06-02T12:30:00Z"}, "wanted by its deadline"),
        ({"deliver_by": "2036-06-02T12:30:00Z"}, "three years"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(market, changed, said):
    refused = market.bo.post("/api/wanted", market.wish(**changed), 422)

    assert refused["code"] == "request-invalid"
    assert said in refused["title"]


def test_a_pledge_in_another_currency_or_of_next_to_nothing_is_refused(market):
    made = market.wanted()

    euros = {"amount": {"minor": 5_000, "currency": "EUR"}}
    mixed = market.bo.post(f"/api/wanted/{made['id']}/pledge", euros, 422)

    assert "DKK is pledged here" in mixed["title"]
    assert "at least" in market.pledge(market.bo, made, 1, 422)["title"]


def test_demand_is_listed_by_money_and_number_and_summed_by_theme(market):
    rich = market.wanted(theme="ENER", goal=kr(900_000))
    popular = market.wanted(theme="ENER")
    market.pledge(market.bo, rich, 800_000)
    market.carla.post(f"/api/wanted/{popular['id']}/join", {}, 200)

    def listed(sort):
        found = market.carla.get("/api/wanted", params={"sort": sort, "theme": "ENER"})
        return [one["id"] for one in found["items"]]

    assert listed("money") == [rich["id"], popular["id"]]
    assert listed("number") == [popular["id"], rich["id"]]
    (energy,) = [one for one in market.carla.get("/api/demand")["items"] if one["theme"] == "ENER"]
    assert (energy["requests"], energy["parties"]) == (2, 2)
    assert energy["pledged"] == [kr(800_000)]
    assert energy["words"]["en"] == "Energy"


def test_words_are_found_and_no_pattern_is_one(market):
    made = market.wanted(title={"da": "Støjmålinger 100%"})

    def found(words):
        return [one["id"] for one in market.bo.get("/api/wanted", params={"q": words})["items"]]

    assert found("STØJ") == [made["id"]]
    assert made["id"] not in found("100_")


def test_a_request_without_money_is_answered_and_fulfilled(market):
    made = market.wanted(goal=None)
    refused = market.carla.post(f"/api/wanted/{made['id']}/pledge", {"amount": kr(500)}, 422)
    assert "nothing is pledged to this request" in refused["title"]

    answer = market.answered(made, 0)
    assert market.vote(market.bo, made, answer)["stage"] == "promised"
    slug = market.alma.dataset()["slug"]
    done = market.alma.post(f"/api/wanted/{made['id']}/delivery", {"dataset": slug}, 200)

    assert (done["stage"], done["dataset"]) == ("fulfilled", slug)


def test_what_was_promised_a_provider_may_give_up(market):
    made = market.wanted()
    market.pledge(market.bo, made, 100_000)
    answer = market.answered(made)
    market.vote(market.bo, made, answer)

    gone = market.alma.send("DELETE", f"/api/wanted/{made['id']}/answers/{answer['id']}")

    assert gone["stage"] == "failed"
    assert market.shown(market.bo, made)["reason"] == "the provider said that it cannot deliver"
    assert market.shown(market.bo, made)["pledge"]["stage"] == "freed"


def test_the_moment_is_said_in_the_terms(market):
    made = market.wanted(deadline=to_text(market.clock.now() + timedelta(days=1)))

    assert "2026-06-02 14:00" in made["terms"]["en"][0]
    assert "02.06.2026 kl. 14.00" in made["terms"]["da"][0]


PROMISED = {
    "levels": [{"level": "freshness", "promised": 24}, {"level": "quality", "promised": 90}]
}
GIVING = {"levels": [{"level": "quality", "promised": 90, "back": [{"percent": 10}]}]}


def test_every_contract_promises_what_the_accepted_answer_did(market):
    made = market.wanted()
    market.pledge(market.bo, made, 60_000)
    market.pledge(market.carla, made, 40_000)
    answer = market.answered(made, levels=PROMISED)
    market.vote(market.bo, made, answer)

    market.deliver(made, market.alma.dataset())

    assert answer["levels"]["promised"]["levels"][0]["level"] == "freshness"
    for who in (market.bo, market.carla):
        contract = who.get(f"/api/contracts/{market.shown(who, made)['pledge']['contract']}")
        assert contract["levels"] == answer["levels"]
    (told, *_) = [one for one in market.facts(made["id"]) if one["name"] == "wanted-answered"]
    assert told["body"]["levels"] == answer["levels"]["promised"]


def test_an_answer_promises_nothing_back_of_what_is_paid_once(market):
    refused = market.answered(market.wanted(), levels=GIVING, expected=422)

    assert refused["code"] == "service-levels-invalid"
    assert "belongs to no month" in refused["title"]
    assert market.answered(market.wanted(goal=None), 0, levels=GIVING)["levels"]


def test_as_stated_is_what_the_named_dataset_says(market):
    stated = {"levels": [{"level": "freshness", "promised": "as-stated"}]}
    dataset = market.alma.dataset(frequency="DAILY")

    planned = market.answered(market.wanted(), levels=stated, expected=422)
    named = market.answered(market.wanted(), levels=stated, dataset=dataset["slug"])

    assert "it states nothing" in planned["title"]
    assert named["levels"]["promised"]["levels"][0]["promised"] > 1
