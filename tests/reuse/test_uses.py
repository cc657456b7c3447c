"""What data is used for: stated by who holds a contract, told as far as they agree."""

import json

import pytest

from .conftest import benefit

YEAR = {"year": 2026}


def test_a_use_is_stated_with_its_benefit_and_taken_back(square):
    contract = square.contract()

    made = square.use(contract, benefit(low=80, high=120), public=True, shown="named")
    reuse = square.carla.get(f"/api/datasets/{contract['dataset']['slug']}/reuse")
    square.bo.send("DELETE", f"/api/reuse/uses/{made['id']}")
    after = square.carla.get(f"/api/datasets/{contract['dataset']['slug']}/reuse")

    (use,) = reuse["uses"]
    assert (use["who"]["name"], use["contract"]) == ("Bo", None)
    (total,) = reuse["benefits"]
    assert [float(total[name]) for name in ("low", "amount", "high")] == [80, 100, 120]
    assert reuse["contracts"] == 1
    assert after["uses"] == []


@pytest.mark.parametrize(
    ("shown", "who"),
    [
        ("named", {"name": "Bo", "slug": "bo", "kind": "private"}),
        ("kind", {"name": None, "slug": None, "kind": "private"}),
        ("anonymous", {"name": None, "slug": None, "kind": None}),
    ],
)
def test_a_consumer_is_told_of_as_far_as_it_agrees(square, shown, who):
    contract = square.contract()
    made = square.use(contract, benefit(), shown=shown)

    def seen_by(person, **wish):
        items = person.get("/api/reuse/uses", params=wish)["items"]
        return next(use for use in items if use["id"] == made["id"])

    told = seen_by(square.alma, provided=True)
    assert told["who"] == who
    assert (told["contract"], told["shown"]) == (None, None)
    assert seen_by(square.bo)["who"]["name"] == "Bo"
    read = [
        fact for fact in square.facts(made["id"]) if contract["provider"]["id"] in fact["parties"]
    ]
    assert len(read) == 1
    assert ("contract" in read[0]["body"]) == (shown == "named")
    assert (read[0]["actor"] == "exchange") == (shown != "named")


def test_a_use_that_is_not_public_is_on_no_page(square):
    contract = square.contract()
    square.use(contract, benefit())

    reuse = square.carla.get(f"/api/datasets/{contract['dataset']['slug']}/reuse")

    assert (reuse["uses"], reuse["benefits"], reuse["contracts"]) == ([], [], 1)


def test_only_the_consumer_of_an_agreed_contract_states_uses(square):
    contract = square.contract()
    asked = square.bo.accept(square.alma.offer(approval="on-request"))

    assert square.use(contract, who=square.alma, expected=403)["code"] == "not-consumer"
    assert square.use(contract, who=square.carla, expected=404)["code"] == "contract-not-found"
    assert square.use(asked, expected=404)["code"] == "contract-not-found"


@pytest.mark.parametrize(
    ("benefits", "more", "said"),
    [
        ([benefit(low=200)], {}, "not between"),
        ([benefit(), benefit()], {}, "said twice"),
        ([], {"period_end": "2025-01-01"}, "ends before"),
        ([], {"period_start": "2020-01-01"}, "three years"),
        ([], {"period_start": "2027-01-01", "period_end": "2027-02-01"}, "has not begun"),
        ([], {"counted_with": "us_none"}, "no use 'us_none'"),
    ],
)
def test_what_makes_no_sense_is_told(square, benefits, more, said):
    refused = square.use(square.contract(), *benefits, expected=422, **more)

    assert refused["code"] == "use-invalid"
    assert said in refused["title"]


def test_a_statement_that_is_owed_is_done_by_stating_and_thanks_by_thanking(square):
    contract = square.contract(
        {"clause": "state-benefit", "days": 30}, {"clause": "thanks", "text": "Data: Alma"}
    )
    path = f"/api/contracts/{contract['id']}"

    square.use(contract, benefit())
    said = square.bo.post(f"{path}/thanks", {"words": "It saved our summer.", "public": True})

    assert [duty["done_at"] is not None for duty in square.bo.get(f"{path}/duties")["items"]] == [
        True,
        True,
    ]
    assert said["who"]["name"] == "Bo"
    reuse = square.carla.get(f"/api/datasets/{contract['dataset']['slug']}/reuse")
    assert (reuse["thanked"], reuse["thanks"][0]["words"]) == (1, "It saved our summer.")


def test_a_duty_that_is_done_without_a_name_tells_no_words_of_it(square):
    contract = square.contract(
        {"clause": "state-benefit", "days": 30}, {"clause": "thanks", "text": "Data: Alma"}
    )
    path = f"/api/contracts/{contract['id']}"

    use = square.use(contract, benefit(), title="Fewer detours", shown="anonymous")
    thanks = {"words": "It saved our summer.", "shown": "anonymous"}
    square.bo.post(f"{path}/thanks", thanks)

    told = json.dumps(square.alma.get(f"{path}/duties"))
    for words in (use["id"], "Fewer detours", "It saved our summer."):
        assert words not in told


def test_a_year_tells_who_used_what_for_what(square):
    slug = square.alma.dataset()["slug"]
    mine = square.contract(slug=slug)
    others = square.contract(slug=slug, who=square.carla, purpose="CombatClimateChange")
    square.read(mine, rows=30, requests=3)
    square.read(others, rows=5)
    square.use(mine, benefit(amount=10, low=5, high=20), shown="named")
    square.use(others, benefit(amount=7), who=square.carla, shown="kind", period_end="2026-05-31")
    square.use(mine, benefit(), period_start="2025-01-01", period_end="2025-12-31")

    year = square.alma.get("/api/reuse/statement", params=YEAR)

    (dataset,) = [one for one in year["datasets"] if one["dataset"] == slug]
    assert (dataset["contracts"], dataset["consumers"]) == (2, 2)
    assert dataset["kinds"] == {"private": 2}
    assert dataset["used"] == {"rows": 35, "bytes": 280, "requests": 4}
    assert [float(dataset["benefits"][0][name]) for name in ("low", "amount", "high")] == [
        12,
        17,
        27,
    ]
    assert {use["who"]["name"] for use in dataset["uses"]} == {"Bo", None}
    assert "Bo" in year["named"]
    assert "Carla" not in year["named"]
    assert len(year["notes"]) == 3


def test_a_consumers_statement_knows_nothing_of_its_providers(square):
    square.contract()

    year = square.carla.get("/api/reuse/statement", params=YEAR)

    assert (year["contracts"], year["datasets"]) == (0, [])
    assert square.bo.get("/api/reuse/statement", 422, params={"year": 1900})
