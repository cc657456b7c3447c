"""Books and bank are held against each other: what is missing or booked wrongly is named."""

from sqlalchemy import text

from torvet.billing import AccountKind, Posting, check_books, credit, debit, post
from torvet.billing.payments import faults_of_payments, reconciled

from .conftest import LATER, kr


def faults(parts):
    with parts.db.begin() as tx:
        return list(faults_of_payments(tx))


def test_money_that_no_statement_tells_of_is_found(parts, market):
    """The books are only ever added to, so what is wrong is taken back at the end."""
    invoice = market.sold(10_000)
    market.paid(invoice)
    assert faults(parts) == []

    lines = (debit(AccountKind.BANK, "", kr(5)), credit(AccountKind.FEE, "", kr(5)))
    for key, moved in (("slip", lines), ("slip-back", tuple(map(opposite, lines)))):
        with parts.db.begin() as tx:
            posting = Posting(key=key, kind="test", words="A slip of the pen", lines=moved)
            post(tx, posting, at=parts.clock.now(), by="x")
        wrong = faults(parts)
        assert bool(wrong) == (key == "slip")
    with parts.db.begin() as tx:
        (danish,) = reconciled(tx)
    assert (danish.difference, danish.books) == (kr(0), danish.bank)
    assert check_books(parts).ok


def opposite(line):
    return type(line)(account=line.account, amount=-line.amount)


def test_a_line_that_is_booked_at_another_amount_is_found(parts, market):
    market.paid(market.sold(10_000))
    change = "update bank_lines set amount = amount {} 1 where stage = 'booked'"
    with parts.db.begin() as tx:
        tx.execute(text(change.format("+")))

    wrong = faults(parts)

    with parts.db.begin() as tx:
        tx.execute(text(change.format("-")))
    assert any("are booked for it" in one for one in wrong)
    assert faults(parts) == []


def test_a_missing_statement_is_found(parts, market):
    parts.clock.set(LATER)
    today = LATER.date()
    market.bank.comes_in(kr(200), words="lost")
    lost = market.bank.statement(today)
    market.bank.comes_in(kr(400), words="third")

    market.read()

    assert any("a statement is missing" in one for one in faults(parts))
    market.read(lost)
    assert faults(parts) == []
