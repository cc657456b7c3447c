"""What every way to be paid does, whoever is on the other side."""

from dataclasses import replace

from torvet.kit.money import Currency, Money
from torvet.ports.payments import GiveBack, RefundStage, Wanted

WANTED = Wanted(
    id="cp_1",
    amount=Money(12_500, Currency.DKK),
    words="Invoice F-000001",
    reference="RF18F000001",
    payee="Torvet",
    account="DK5000400440116243",
    back_to="https://torvet.example/billing",
)


class PaymentsSuite:
    """Inherited by a class that has the fixtures `way` and `paid`, a payment's intent."""

    def test_a_payer_is_told_how_to_pay(self, way):
        asked = way.ask(replace(WANTED, id="cp_told"))

        assert asked.url or WANTED.reference in asked.instructions

    def test_what_is_asked_for_again_is_the_same_payment(self, way):
        wanted = replace(WANTED, id="cp_again")

        assert way.ask(wanted) == way.ask(wanted)

    def test_money_goes_back_once_however_often_it_is_sent(self, way, paid):
        refund = GiveBack(id="cr_1", intent=paid, amount=Money(500, Currency.DKK))

        first, second = way.give_back(refund), way.give_back(refund)

        assert first == second
        assert first.stage in {RefundStage.DONE, RefundStage.PENDING}
        assert (first.id, first.amount) == (refund.id, refund.amount)
