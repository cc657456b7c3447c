"""Held money on pages: what is held, how to pay in, and back again; to nobody else."""

import re

import pytest

from billing.invoices.conftest import OPERATOR, Square
from contracts.conftest import alma, bo, carla, nobody, person
from torvet.billing.escrow import Purpose, held, hold
from torvet.billing.escrow.covering import cover_all
from torvet.kit.money import Currency, Money

pytestmark = pytest.mark.slow

__all__ = ["alma", "bo", "carla", "nobody", "person"]

AS_PAGE = {"accept": "text/html"}


@pytest.fixture
def prepaid(alma, bo, parts):
    """A contract at a krone a row that Bo pays before."""
    Square(parts).details(OPERATOR)
    offer = alma.offer(price="1 DKK per row")
    return bo.accept(offer, seen=offer["digest"], prepaid=True)["id"]


@pytest.fixture
def paid_in(bo, prepaid, parts):
    """The same contract, with 100 DKK in its hold; return the hold's id."""
    bo.post(f"/api/contracts/{prepaid}/deposit", {}, 200)
    with parts.db.begin() as tx:
        found = held(tx, Purpose.PREPAID, prepaid)
        amount = Money(10_000, Currency.DKK)
        hold(tx, found.id, amount, key=f"k:{found.id}", words="Bank", at=parts.clock.now(), by="x")
    cover_all(parts)
    return found.id


def seen(someone, path, status=200):
    answer = someone.client.get(path, headers=AS_PAGE | someone.more)
    assert answer.status_code == status, answer.text
    return answer.text


def sent(someone, path, status=303, **fields):
    answer = someone.client.post(
        path, data=fields, headers=AS_PAGE | someone.more, follow_redirects=False
    )
    assert answer.status_code == status, answer.text
    return answer.headers.get("location") or answer.text


def test_a_page_tells_how_to_pay_in_for_a_contract(bo, prepaid):
    assert f'href="/contracts/{prepaid}/held"' in seen(bo, f"/contracts/{prepaid}")
    assert "Nothing was paid in yet" in seen(bo, f"/contracts/{prepaid}/held")

    there = sent(bo, f"/contracts/{prepaid}/deposit", amount="250,5")

    page = seen(bo, there.partition("#")[0])
    assert "Transfer DKK\u00a0250.50" in page
    assert OPERATOR.iban in page
    assert re.search(r"<strong>H[0-9A-Z]{12}</strong>", page)
    assert "waits for your transfer" in seen(bo, "/billing/held")


@pytest.mark.parametrize("amount", ["1.250", "ten", "-5", "5 EUR"])
def test_an_amount_that_cannot_be_paid_in_comes_back_as_it_was_entered(bo, prepaid, amount):
    page = sent(bo, f"/contracts/{prepaid}/deposit", 422, amount=amount)

    assert 'role="alert"' in page
    assert f'value="{amount}"' in page
    assert "Nothing was paid in yet" in page


def test_both_parties_are_told_what_is_held_and_only_its_owner_move_by_move(
    alma, bo, prepaid, paid_in
):
    for someone in (alma, bo):
        page = seen(someone, f"/contracts/{prepaid}/held")
        assert "DKK\u00a0100.00" in page
        assert "covered up to DKK\u00a080.00 without VAT" in page
    assert "Pay in" not in seen(alma, f"/contracts/{prepaid}/held")

    assert "Paid in" in seen(bo, f"/billing/held/{paid_in}")
    seen(alma, f"/billing/held/{paid_in}", 404)


def test_what_is_not_used_is_given_back_on_the_page(bo, paid_in):
    sent(bo, f"/billing/held/{paid_in}/return", amount="40")
    page = seen(bo, f"/billing/held/{paid_in}")
    assert "DKK\u00a060.00 held for" in page
    assert "Given back" in page

    sent(bo, f"/billing/held/{paid_in}/return", amount="")
    assert "DKK\u00a00.00 held for" in seen(bo, f"/billing/held/{paid_in}")


@pytest.mark.parametrize(("amount", "status"), [("100.01", 409), ("0", 422), ("all", 422)])
def test_more_than_is_held_is_not_given_back_and_what_was_entered_stays(
    bo, paid_in, amount, status
):
    page = sent(bo, f"/billing/held/{paid_in}/return", status, amount=amount)

    assert 'role="alert"' in page
    assert f'value="{amount}"' in page
    assert "DKK\u00a0100.00 held for" in page


def test_a_link_may_name_any_amount_and_means_no_harm(bo, paid_in):
    for said in ("nonsense", "-1", "5 EUR", "9" * 40):
        assert "Pay in by transfer" in seen(bo, f"/billing/held/{paid_in}?amount={said}")


def test_strangers_see_no_hold_and_do_nothing_to_one(carla, nobody, prepaid, paid_in):
    for path in (f"/billing/held/{paid_in}", f"/contracts/{prepaid}/held"):
        seen(carla, path, 404)
        assert nobody.client.get(path, headers=AS_PAGE).status_code == 401
    for path in (f"/billing/held/{paid_in}/return", f"/contracts/{prepaid}/deposit"):
        sent(carla, path, 404, amount="1")
        sent(nobody, path, 401, amount="1")
    assert "Nothing is held of yours" in seen(carla, "/billing/held")
    seen(carla, "/billing/held?every=true", 403)


def test_who_only_reads_for_the_buyer_sees_and_moves_nothing(bo, carla, prepaid, paid_in):
    path = f"/api/organisations/{bo.slug}/members"
    bo.post(path, {"email": carla.caller.email, "role": "reader"})
    reader = carla.acting_for(bo.slug)

    page = seen(reader, f"/billing/held/{paid_in}")

    assert "DKK\u00a0100.00 held for" in page
    assert '<form method="post" action="/billing' not in page
    sent(reader, f"/billing/held/{paid_in}/return", 403, amount="1")
    sent(reader, f"/contracts/{prepaid}/deposit", 403, amount="1")
