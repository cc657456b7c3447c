"""Offers: made to fit, seen by whom they are for, and never changed."""

import json

import pytest

from .written import TRANSPORT

NO_SECRETS = {"clause": "columns", "names": ["garage", "occupied"]}
BRUUNS = {"clause": "row-filter", "filter": "garage = 'BRUUNS'"}


def test_an_offer_says_its_terms_to_programs_and_to_people(alma, nobody):
    made = alma.offer(
        {"clause": "attribution", "text": "Kilde: Aarhus Kommune"},
        {
            "clause": "purposes",
            "codes": ["https://w3id.org/dpv#PublicBenefit", "dpv:AcademicResearch"],
        },
        NO_SECRETS,
        BRUUNS,
        {"clause": "rows-per-day", "rows": 1000},
    )

    seen = nobody.get(f"/api/offers/{made['id']}")

    assert seen == made | {"audience": None}
    assert [term["clause"]["clause"] for term in seen["terms"]] == [
        "purposes",
        "columns",
        "row-filter",
        "rows-per-day",
        "attribution",
    ]
    assert seen["terms"][0]["clause"]["codes"] == ["PublicBenefit", "AcademicResearch"]
    assert seen["shows"] == {"columns": ["garage", "occupied"], "filter": "garage = 'BRUUNS'"}
    assert seen["words"]["en"][3] == "At most 1,000 rows may be read per day."
    assert seen["words"]["da"][3] == "Der må højst læses 1.000 rækker pr. døgn."
    assert seen["provider"]["slug"] == alma.slug


def test_an_offer_is_a_fact_with_the_digest_of_its_terms(alma, facts):
    made = alma.offer(NO_SECRETS)

    (fact,) = facts(made["id"])

    assert fact["name"] == "offer-made"
    assert fact["body"]["terms"] == made["digest"]


def test_values_of_a_filter_take_the_type_of_their_column(alma):
    made = alma.offer({"clause": "row-filter", "filter": "at >= '2026-01-01T00:00:00+01:00'"})

    assert made["terms"][0]["clause"]["filter"]["value"] == {
        "instant": "2025-12-31T23:00:00.000000Z"
    }


@pytest.mark.parametrize(
    ("clause", "code", "says"),
    [
        ({"clause": "columns", "names": ["secret"]}, "clause-invalid", "no column secret"),
        ({"clause": "row-filter", "filter": "secret = 1"}, "filter-invalid", "no column 'secret'"),
        ({"clause": "row-filter", "filter": "garage = "}, "filter-invalid", "character 10"),
        (
            {"clause": "row-filter", "filter": "a = 1; drop table offers"},
            "filter-invalid",
            "';' begins nothing",
        ),
        ({"clause": "row-filter", "filter": {"op": "sql"}}, "filter-invalid", "no condition"),
        ({"clause": "purposes", "codes": ["WorldPeace"]}, "purpose-unknown", "WorldPeace"),
        ({"clause": "validity"}, "clause-invalid", "neither"),
        ({"clause": "validity", "end": "2026-06-01T12:00:00"}, "request-invalid", "end"),
        ({"clause": "rows-per-day", "rows": 0}, "request-invalid", "rows"),
        ({"clause": "regions", "codes": ["Jylland"]}, "clause-invalid", "ISO 3166"),
        ({"clause": "free-beer"}, "request-invalid", "free-beer"),
        ({"clause": "no-onward-sharing", "unless": "asked"}, "request-invalid", "unless"),
    ],
)
def test_a_clause_that_cannot_be_kept_is_refused_when_the_offer_is_made(alma, clause, code, says):
    refused = alma.offer(clause, expected=422)

    assert refused["code"] == code
    assert says in refused["title"]


def test_an_offer_that_withholds_what_the_preview_shows_is_refused_unless_that_is_meant(alma):
    slug = alma.dataset(preview={"columns": None, "rows": 5})["slug"]

    refused = alma.offer(NO_SECRETS, BRUUNS, slug=slug, expected=409)
    alma.offer({"clause": "rows-per-day", "rows": 5}, slug=slug)
    alma.offer(NO_SECRETS, BRUUNS, slug=slug, preview_acknowledged=True)

    assert refused["code"] == "preview-shows-more"
    assert refused["columns"] == ["capacity", "at"]
    assert refused["rows"] is True


def test_a_preview_is_not_widened_beyond_an_open_offer_unless_that_is_meant(alma):
    dataset = alma.dataset(preview={"columns": ["garage"], "rows": 5})
    path = f"/api/datasets/{dataset['slug']}"
    offer = alma.offer({"clause": "columns", "names": ["garage", "at"]}, slug=dataset["slug"])
    wider = {"preview": {"columns": ["garage", "occupied"], "rows": 5}}

    refused = alma.send("PATCH", path, wider, 409)
    alma.send("PATCH", path, {"title": {"en": "Car parks"}})
    alma.send("PATCH", path, {"preview": {"columns": ["at"], "rows": 9}})

    assert (refused["code"], refused["columns"]) == ("preview-shows-more", ["occupied"])
    assert "preview_acknowledged" in refused["advice"]
    alma.send("PATCH", path, {**wider, "preview_acknowledged": True})
    # What is shown already is not asked about again; a closed offer withholds nothing.
    alma.send("PATCH", path, {"preview": {"columns": ["garage", "occupied"], "rows": 7}})
    assert alma.send("PATCH", path, {"preview": {"columns": None, "rows": 7}}, 409)["columns"] == [
        "capacity"
    ]
    alma.send("DELETE", f"/api/offers/{offer['id']}", expected=200)
    alma.send("PATCH", path, {"preview": {"columns": None, "rows": 7}})


def test_a_dataset_that_shows_values_at_last_is_measured_by_its_offers(alma):
    slug = alma.dataset(preview={"columns": None, "rows": 0})["slug"]
    alma.offer(BRUUNS, slug=slug)

    refused = alma.send("PATCH", f"/api/datasets/{slug}", {"preview": {"rows": 3}}, 409)

    assert (refused["columns"], refused["rows"]) == ([], True)


def test_a_preview_within_the_offer_is_no_objection(alma):
    slug = alma.dataset(preview={"columns": ["garage"], "rows": 5})["slug"]

    alma.offer(NO_SECRETS, slug=slug)


def test_only_a_steward_of_the_provider_makes_offers(alma, bo, nobody):
    slug = alma.dataset()["slug"]
    reader = alma.token("read")

    assert nobody.offer(slug=slug, expected=401)["code"] == "sign-in-needed"
    assert bo.offer(slug=slug, expected=403)["code"] == "not-provider"
    assert reader.offer(slug=slug, expected=403)["code"] == "not-allowed"


def test_a_hidden_dataset_and_its_offers_are_not_there_for_others(alma, bo):
    hidden = alma.dataset(visibility="hidden")["slug"]
    offer = alma.offer(slug=hidden)

    bo.offer(slug=hidden, expected=404)
    bo.get(f"/api/datasets/{hidden}/offers", 404)
    assert bo.get(f"/api/offers/{offer['id']}", 404)["code"] == "offer-not-found"
    assert bo.accept(offer, expected=404)["code"] == "offer-not-found"
    assert alma.get(f"/api/datasets/{hidden}/offers")["items"][0]["id"] == offer["id"]


def test_an_offer_for_named_parties_is_not_there_for_others(alma, bo, carla, nobody):
    slug = alma.dataset()["slug"]
    offer = alma.offer(slug=slug, audience=[bo.slug])

    assert offer["audience"] == [bo.slug]
    assert bo.get(f"/api/offers/{offer['id']}")["audience"] is None
    for other in (carla, nobody):
        other.get(f"/api/offers/{offer['id']}", 404)
        assert other.get(f"/api/datasets/{slug}/offers")["items"] == []
    carla.accept(offer, expected=404)
    bo.accept(offer)


def test_an_audience_that_nobody_knows_is_refused(alma):
    refused = alma.offer(audience=["nobody-at-all"], expected=422)

    assert "nobody-at-all" in refused["title"]


def test_a_withdrawn_offer_is_accepted_no_more_and_its_contracts_stand(alma, bo, carla, facts):
    slug = alma.dataset()["slug"]
    offer = alma.offer(slug=slug)
    contract = bo.accept(offer)

    carla.send("DELETE", f"/api/offers/{offer['id']}", expected=404)
    withdrawn = alma.send("DELETE", f"/api/offers/{offer['id']}")
    again = alma.send("DELETE", f"/api/offers/{offer['id']}")

    assert withdrawn["stage"] == again["stage"] == "withdrawn"
    assert carla.accept(offer, expected=409)["code"] == "offer-withdrawn"
    assert carla.get(f"/api/datasets/{slug}/offers")["items"] == []
    assert alma.get(f"/api/datasets/{slug}/offers")["items"][0]["stage"] == "withdrawn"
    assert bo.get(f"/api/contracts/{contract['id']}")["stage"] == "agreed"
    assert [fact["name"] for fact in facts(offer["id"])] == ["offer-made", "offer-withdrawn"]


def test_an_offer_goes_out_as_odrl_and_comes_in_again_the_same(alma):
    slug = alma.dataset()["slug"]
    made = alma.offer(
        NO_SECRETS, BRUUNS, {"clause": "no-reidentification"}, {"clause": "regions", "codes": ["EU"]},
        slug=slug,
    )  # fmt: skip
    answer = alma.client.get(f"/api/offers/{made['id']}/odrl")
    policy = answer.json()
    assert answer.headers["content-type"] == "application/ld+json"

    raw = alma.client.post(
        f"/api/datasets/{slug}/offers",
        content=json.dumps(policy),
        headers={"Content-Type": "application/ld+json"},
    )
    within = alma.post(f"/api/datasets/{slug}/offers", {"title": "Terms", "clauses": policy})

    assert raw.status_code == 201, raw.text
    assert raw.json()["terms"] == within["terms"] == made["terms"]
    assert raw.json()["digest"] == within["digest"] == made["digest"]


def test_a_policy_that_cannot_be_executed_is_refused_whole(alma):
    slug, other = alma.dataset()["slug"], alma.dataset()["slug"]
    made = alma.offer({"clause": "regions", "codes": ["EU"]}, slug=slug)
    policy = alma.get(f"/api/offers/{made['id']}/odrl")
    policy["permission"][0]["constraint"][0]["leftOperand"] = "payAmount"

    refused = alma.post(f"/api/datasets/{slug}/offers", policy, 422)
    misdirected = alma.post(
        f"/api/datasets/{other}/offers", alma.get(f"/api/offers/{made['id']}/odrl"), 422
    )

    assert (refused["code"], refused["term"]) == ("odrl-invalid", "constraint 'payAmount'")
    assert misdirected["term"] == "target"


def test_purposes_are_listed_in_both_languages(nobody):
    listed = {purpose["code"]: purpose for purpose in nobody.get("/api/purposes")["items"]}

    assert listed[TRANSPORT] == {
        "code": TRANSPORT,
        "iri": "https://w3id.org/dpv#ImproveTransportMobility",
        "broader": ["PublicBenefit"],
        "words": {
            "da": "forbedring af transport og mobilitet",
            "en": "improving transport and mobility",
        },
    }
