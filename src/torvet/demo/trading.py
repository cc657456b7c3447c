"""Chapter five: terms are negotiated, use is paid for, a month passes, and the books balance."""

from typing import Any

from .stage import Stage, answer_of, expect, refusal_of

HOURLY = "dk-price-co2"
HOUSE_IBAN = "DK5000400440116243"
PROFILES: dict[str, dict[str, Any]] = {
    "house": {
        "name": "Torvet Danmark",
        "street": "Torvegade 1",
        "post_code": "8000",
        "city": "Aarhus C",
        "cvr": "50000001",
        "vat_registered": True,
        "vat_number": "DK50000001",
        "iban": HOUSE_IBAN,
        "email": "regning@torvet.example",
    },
    "tso": {
        "name": "Eltransmission Danmark",
        "street": "Tonne Kjærsvej 65",
        "post_code": "7000",
        "city": "Fredericia",
        "cvr": "30000005",
        "vat_registered": True,
        "vat_number": "DK30000005",
        "iban": "DK6030000000123456",
        "email": "regning@eltransmission.example",
    },
    "startup": {
        "name": "Grøn Rute ApS",
        "street": "Åboulevarden 23",
        "post_code": "8000",
        "city": "Aarhus C",
        "cvr": "40000011",
        "vat_registered": True,
        "vat_number": "DK40000011",
        "iban": "DK5750510001322617",
        "email": "faktura@groenrute.example",
    },
}


def introduce(stage: Stage) -> str:
    """Say whom invoices name, and where money goes: the exchange, a provider, a consumer."""
    for key, profile in PROFILES.items():
        who, query = ("operator", "?house=true") if key == "house" else (key, "")
        made = stage.put(who, f"/api/billing/profile{query}", profile)
        expect(made["missing"] == [], f"the details of {key} lack {made['missing']}")
    rules = stage.get("startup", "/api/fees")["current"]
    kept = ", ".join(f"{fee['percent']} % of {fee['kind']}" for fee in rules["fees"])
    return f"the exchange keeps {kept} providers' sales"


def price(stage: Stage) -> str:
    """Offer prices by the month and by use, and promise to bring them up to date."""
    wish = {
        "title": "Commercial use, brought up to date",
        "clauses": [{"clause": "no-onward-sharing"}],
        "price": "200 DKK per month + 1 DKK per 100 rows, first 500 free",
        "levels": {
            "levels": [{"level": "freshness", "promised": 48, "back": [{"percent": 25}]}],
            "most_percent": 25,
        },
    }
    made = stage.post("tso", f"/api/datasets/{HOURLY}/offers", wish)
    stage.saw["priced"] = made
    return " ".join(made["price"]["words"]["en"])


def negotiate(stage: Stage) -> str:
    """Propose another price; the provider sees what is otherwise, and agrees."""
    offer = stage.saw["priced"]["id"]
    wish = {
        "purpose": "ServiceProvision",
        "price": "150 DKK per month + 1 DKK per 100 rows, first 500 free",
        "words": "We begin small.",
        "purchase_order": "GR-2026-17",
        "cap": "25 DKK",
    }
    table = stage.post("startup", f"/api/offers/{offer}/negotiations", wish)
    (change,) = stage.get("tso", f"/api/negotiations/{table['id']}")["changes"]
    made = stage.post("tso", f"/api/negotiations/{table['id']}/agreement", {"seen": table["seen"]})
    stage.saw["bought"] = made
    return f"{change['before']['en']} → {change['after']['en']}"


def use(stage: Stage) -> str:
    """Read until the spending cap stops the next read; raise it, and read on."""
    contract = stage.saw["bought"]["id"]
    rows = f"/api/contracts/{contract}/rows"
    for _ in range(3):
        answer_of(stage.client("startup").get(rows, params={"limit": "1000"}))
    refused = refusal_of(stage.client("startup").get(rows, params={"limit": "1000"}), 403)
    stage.put("startup", f"/api/contracts/{contract}/cap", {"cap": "100 DKK"})
    answer_of(stage.client("startup").get(rows, params={"limit": "1000"}))
    return str(refused["reasons"][0])


def let_a_month_pass(stage: Stage) -> str:
    """Let five weeks pass; everybody signs in anew."""
    before = stage.clock.now()
    stage.clock.catch_up()
    stage.close()
    return f"{before:%d %B} → {stage.clock.now():%d %B %Y}"
