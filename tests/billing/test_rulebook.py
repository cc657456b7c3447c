"""Rules about money hold from a day on, are the same for all, and are refused where they are none."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from torvet.billing.rulebook import RulebookInvalid, RulesMissing, rulebook, rules_on
from torvet.billing.rulebook.reader import OURS
from torvet.billing.rulebook.words import news, sentences
from torvet.kit.money import Currency, Money
from torvet.parties import PartyKind
from torvet.server import application

WRITTEN = (OURS / "2026-1.toml").read_text()


def put(folder, name, written):
    (folder / name).write_text(written)
    return str(folder)


def test_the_version_in_force_is_the_newest_that_has_begun(tmp_path):
    put(tmp_path, "a.toml", WRITTEN)
    later = WRITTEN.replace("2026-1", "2027-1").replace("since = 2026", "since = 2027")
    folder = put(tmp_path, "b.toml", later.replace('percent = "4"', 'percent = "3"'))

    assert rules_on(date(2026, 12, 31), folder).version == "2026-1"
    assert rules_on(date(2027, 1, 1), folder).fee_for(PartyKind.PRIVATE).percent == Decimal(3)
    with pytest.raises(RulesMissing):
        rules_on(date(2025, 12, 31), folder)


def test_a_file_that_changed_is_read_again(tmp_path):
    folder = put(tmp_path, "a.toml", WRITTEN)
    assert rules_on(date(2026, 6, 1), folder).payment_days == 30

    changed = tmp_path / "a.toml"
    changed.write_text(WRITTEN.replace("days = 30 ", "days = 14 "))
    changed.touch()

    assert rules_on(date(2026, 6, 1), folder).payment_days == 14


BROKEN = {
    "no TOML": "since =",
    "no day": WRITTEN.replace("since = 2026-01-01", 'since = "soon"'),
    "a fee that is a float": WRITTEN.replace('percent = "4"', "percent = 4.1"),
    "a fee above all of it": WRITTEN.replace('percent = "4"', 'percent = "101"'),
    "a kind of provider without a fee": WRITTEN.replace("[fees.citizen]", "[fees.other]"),
    "days that are none": WRITTEN.replace("days = 30", "days = -1"),
    "a rate that is none": WRITTEN.replace('kroner = "7.4604"', 'kroner = "0"'),
    "words in one language": WRITTEN.replace("[vat.exempt]\nda =", "[vat.exempt]\nsv ="),
}


@pytest.mark.parametrize("written", BROKEN.values(), ids=BROKEN)
def test_rules_that_cannot_be_stop_billing_and_say_so(tmp_path, written):
    assert written != WRITTEN
    with pytest.raises(RulebookInvalid):
        rulebook(put(tmp_path, "a.toml", written))


def test_two_versions_of_one_day_and_a_folder_without_any_are_refused(tmp_path):
    with pytest.raises(RulebookInvalid):
        rulebook(str(tmp_path))
    put(tmp_path, "a.toml", WRITTEN)
    with pytest.raises(RulebookInvalid):
        rulebook(put(tmp_path, "b.toml", WRITTEN.replace('"2026-1"', '"2026-2"')))


def test_a_fee_has_a_least_and_gives_back_in_percent():
    fee = rules_on(date(2026, 6, 1)).fee_for(PartyKind.PRIVATE)
    least = type(fee)(percent=fee.percent, least=500)

    assert fee.of(Money(10_000, Currency.DKK)) == Money(400, Currency.DKK)
    assert least.of(Money(10_000, Currency.DKK)) == Money(500, Currency.DKK)
    assert least.of(Money(300, Currency.DKK)) == Money(300, Currency.DKK)
    assert least.of(Money(-10_000, Currency.DKK)) == Money(-400, Currency.DKK)


def test_a_version_says_in_words_what_it_changes(tmp_path):
    put(tmp_path, "a.toml", WRITTEN)
    later = WRITTEN.replace("2026-1", "2027-1").replace("since = 2026", "since = 2027")
    folder = put(tmp_path, "b.toml", later.replace('percent = "4"', 'percent = "3.5"'))

    first, second = rulebook(folder)

    assert news(None, first, "en") == ()
    assert news(first, second, "en") == ("Company: 3.5 % of the price without VAT.",)
    assert news(first, second, "da") == ("Virksomhed: 3,5 % af prisen uden moms.",)
    assert first.rounding["da"] in sentences(first, "da")


def test_the_page_of_fees_tells_every_version_and_who_reads_an_older_one(parts, tmp_path):
    put(tmp_path, "a.toml", WRITTEN)
    later = WRITTEN.replace("2026-1", "2026-2").replace("since = 2026-01-01", "since = 2026-05-01")
    folder = put(tmp_path, "b.toml", later.replace("least = 0", "least = 250", 1))
    settings = parts.settings.model_copy(update={"rulebook": folder})
    reader = TestClient(application(replace(parts, settings=settings)))

    now = reader.get("/fees").text
    before = reader.get("/fees?version=2026-1&language=da").text

    assert "Public body: 2 % of the price without VAT, at least 2.50 DKK or EUR." in now
    assert "2026-04-30" in now
    assert "You read version" not in now
    assert "Du læser version 2026-1" in before
    assert reader.get("/fees?version=none").status_code == 404
    assert 'href="/fees"' in reader.get("/").text
