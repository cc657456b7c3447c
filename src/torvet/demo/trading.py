"""Chapter five: terms are negotiated, use is paid for, a month passes, and the books balance."""

from typing import Any

import httpx2

from torvet.kit.money import Currency, Money

from .bank import Bank
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
    return f"Before: {change['before']['en']} Now: {change['after']['en']}"


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
    """Let five weeks pass; what the exchange does by itself in a month is done."""
    clock = stage.machine.clock
    before = clock.now()
    clock.catch_up()
    for _ in range(2):
        stage.machine.tick()
    stage.close()
    return f"{before:%d %B %Y} → {clock.now():%d %B %Y}"


def receive_invoice(stage: Stage) -> str:
    """Receive the invoice of the month, as paper and as UBL; its lines are the charges."""
    (invoice,) = stage.get("startup", "/api/invoices", kind="invoice")["items"]
    client, path = stage.client("startup"), f"/api/invoices/{invoice['id']}"
    for kind in ("xml", "pdf"):
        (stage.folder / f"invoice.{kind}").write_bytes(_bytes_of(client.get(f"{path}.{kind}")))
    whole = stage.get("startup", path)
    stage.saw["invoice"] = whole
    lines = "; ".join(line["description"] for line in whole["lines"])
    return f"{invoice['number']}: {lines}; {_said(invoice['gross'])} with VAT"


def breach(stage: Stage) -> str:
    """See that the data was not brought up to date, and what is given back for it."""
    (note,) = stage.get("startup", "/api/invoices", kind="credit-note")["items"]
    contract = stage.saw["bought"]["id"]
    (report,) = stage.get("startup", f"/api/contracts/{contract}/service/months")["items"]
    expect(report["percent"] == 25, f"{report['percent']} % was given back")  # noqa: PLR2004 - as promised
    broken = " ".join(one["words"]["en"] for one in report["findings"])
    return f"{broken}; {note['number']} gives back {_said(note['gross'])}"


def pay(stage: Stage) -> str:
    """Pay what is owed; the bank's file arrives twice, and is booked once."""
    owed = stage.get("startup", f"/api/invoices/{stage.saw['invoice']['id']}")["owed"]
    bank = Bank(iban=HOUSE_IBAN)
    bank.comes_in(_money(owed), stage.saw["invoice"]["reference"], other="Grøn Rute ApS")
    stage.saw["bank"] = bank
    file = bank.statement(stage.machine.clock.now().date())
    first, second = (_read_statement(stage, file) for _ in range(2))
    expect(second["fresh"] == 0, f"the file that came twice was read twice: {second}")
    paid = stage.get("startup", f"/api/invoices/{stage.saw['invoice']['id']}")
    expect(paid["owed"]["minor"] == 0, f"{paid['owed']} is owed still")
    return f"{_said(owed)} came in; {first['fresh']} line booked, the second time none"


def pay_out(stage: Stage) -> str:
    """Pay the provider its share by a file for the bank, which the bank confirms."""
    run = stage.post("operator", "/api/billing/payouts/runs", {})
    client = stage.client("operator")
    file = _bytes_of(client.get(f"/api/billing/payouts/files/{run['file']}"))
    bank: Bank = stage.saw["bank"]
    bank.takes(file)
    _read_statement(stage, bank.statement(stage.machine.clock.now().date()))
    (payout,) = stage.get("tso", "/api/billing/payouts")["items"]
    return f"{_said(payout['amount'])} to the TSO, {payout['stage']}"


def balance(stage: Stage) -> str:
    """Prove the books: every invariant, and the bank's balance."""
    report = stage.get("operator", "/api/billing/check")
    expect(report["ok"], f"the books do not balance: {report}")
    moved = " and ".join(_said(amount) for amount in report["turnover"])
    return f"{report['transactions']} transactions of {moved} on {report['accounts']} accounts"


def _read_statement(stage: Stage, file: bytes) -> dict[str, Any]:
    client = stage.client("operator")
    answer = client.post("/api/billing/bank/statements", content=file)
    return dict(answer_of(answer))


def _bytes_of(answer: httpx2.Response) -> bytes:
    if not answer.is_success:
        answer_of(answer)
    return answer.content


def _money(written: dict[str, Any]) -> Money:
    return Money(written["minor"], Currency(written["currency"]))


def _said(written: dict[str, Any]) -> str:
    return _money(written).said("en")
