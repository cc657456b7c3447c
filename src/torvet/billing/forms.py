"""Money as it stands in JSON, for every room of billing."""

from pydantic import BaseModel

from torvet.kit.money import Currency, Money


class MoneyForm(BaseModel):
    """An amount in whole minor units: øre or cent."""

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Money) -> "MoneyForm":
        return cls(minor=amount.minor, currency=amount.currency)
