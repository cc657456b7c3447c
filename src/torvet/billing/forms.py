"""Money as it stands in JSON, for every room of billing and for those above it."""

from pydantic import BaseModel

from torvet.kit.money import Currency, Money


class MoneyForm(BaseModel):
    """An amount in whole minor units: øre or cent."""

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Money) -> "MoneyForm":
        return cls(minor=amount.minor, currency=amount.currency)

    @classmethod
    def maybe(cls, amount: Money | None) -> "MoneyForm | None":
        return None if amount is None else cls.of(amount)

    def to_money(self) -> Money:
        return Money(self.minor, self.currency)
