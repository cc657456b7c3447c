"""Reviews: by who held a contract and really read; one each; answered, withdrawn, hidden."""

import threading

import pytest

from torvet.parties import make_operator


@pytest.fixture
def read(square):
    """A contract under which something was read."""
    contract = square.contract()
    square.read(contract)
    return contract


def _listed(square, contract):
    return square.carla.get(f"/api/datasets/{contract['dataset']['slug']}/reviews")


def test_whoever_read_reviews_and_all_see_it_with_its_mean_and_count(square, read):
    square.review(read, stars=4, support=1)

    found = _listed(square, read)

    (review,) = found["items"]
    assert (review["author"]["name"], review["stars"]["support"]) == ("Bo", 1)
    assert (found["rating"]["mean"], found["rating"]["reviews"]) == ("3.3", 1)
    assert found["rating"]["criteria"]["support"] == "1.0"


def test_strangers_and_the_provider_give_no_stars(square, read):
    assert square.review(read, who=square.carla, expected=404)["code"] == "contract-not-found"
    assert square.review(read, who=square.alma, expected=403)["code"] == "not-consumer"
    assert _listed(square, read)["items"] == []


def test_whoever_did_not_read_has_nothing_to_say(square):
    contract = square.contract()

    assert square.review(contract, expected=403)["code"] == "never-read"


def test_a_contract_that_ended_may_still_be_reviewed(square, read):
    square.bo.post(f"/api/contracts/{read['id']}/ending", {}, 200)

    square.review(read)


def test_writing_again_is_a_new_version_and_the_old_one_is_kept(square, read):
    square.review(read, stars=1, words="Late.")
    again = square.review(read, stars=5, words="On time now.")

    found = _listed(square, read)

    assert len(found["items"]) == 1
    assert (again["version"], found["rating"]["mean"]) == (2, "5.0")
    history = square.carla.get(f"/api/reviews/{again['id']}/versions")["items"]
    assert [(one["side"], one["words"]) for one in history] == [
        ("author", "Late."),
        ("author", "On time now."),
    ]


def test_the_provider_answers_and_its_answers_versions_are_kept(square, read):
    review = square.review(read)
    path = f"/api/reviews/{review['id']}/answer"

    square.alma.send("PUT", path, {"words": "Thanks."})
    answered = square.alma.send("PUT", path, {"words": "Thank you."})

    assert (answered["answer"], answered["answer_version"]) == ("Thank you.", 2)
    assert square.bo.send("PUT", path, {"words": "x"}, 404)["code"] == "review-not-found"
    assert square.carla.send("PUT", path, {"words": "x"}, 404)["code"] == "review-not-found"


def test_a_review_that_is_withdrawn_counts_no_more(square, read):
    review = square.review(read)

    square.bo.send("DELETE", f"/api/contracts/{read['id']}/review")

    found = _listed(square, read)
    assert (found["items"], found["rating"]) == ([], None)
    square.alma.send("PUT", f"/api/reviews/{review['id']}/answer", {"words": "x"}, 404)
    square.carla.get(f"/api/reviews/{review['id']}/versions", 404)


def test_only_the_operator_hides_and_says_why(square, read):
    review = square.review(read, words="You are a crook.")
    path = f"/api/reviews/{review['id']}/hiding"
    reason = {"reason": "An insult, Criminal Code section 267."}

    assert square.alma.post(path, reason, 403)["code"] == "not-allowed"
    make_operator(square.parts, "carla@demand.example.org")
    hidden = square.carla.post(path, reason, 200)

    found = _listed(square, read)
    assert (found["items"][0]["words"], found["items"][0]["reason"]) == (None, reason["reason"])
    assert found["rating"] is None
    assert hidden["stage"] == "hidden"
    assert square.review(read, expected=409)["code"] == "review-hidden"
    names = [fact["name"] for fact in square.facts(review["id"])]
    assert names == ["review-written", "review-hidden"]
    square.carla.send("DELETE", path)
    assert _listed(square, read)["rating"]["reviews"] == 1


def test_of_reviews_that_come_at_once_none_is_lost(square):
    slug = square.alma.dataset()["slug"]
    pairs = [(square.bo, 5), (square.carla, 2)]
    contracts = [square.contract(slug=slug, who=who) for who, _ in pairs]
    for contract in contracts:
        square.read(contract)

    threads = [
        threading.Thread(target=square.review, args=(contract, stars), kwargs={"who": who})
        for contract, (who, stars) in zip(contracts, pairs, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rating = _listed(square, contracts[0])["rating"]
    assert (rating["reviews"], rating["mean"]) == (2, "3.5")
