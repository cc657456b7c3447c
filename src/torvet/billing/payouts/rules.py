"""To which account a party is paid, and whether now: pure."""

from collections.abc import Sequence

from torvet.billing.bank.model import PayoutAccount
from torvet.billing.identifiers import iban_fits
from torvet.billing.profiles.model import Profile
from torvet.kit.money import Money

from .model import Due, LineKind, PayoutLine

NAME_MAX = 70
_DENMARK = "DK"
_REGISTRATION, _ACCOUNT, _MODULUS = 4, 10, 97
_TO_CHECK = 98


def account_of(profile: Profile) -> PayoutAccount | None:
    """Return where `profile` wants its money, None where it does not say."""
    iban = profile.iban or danish_iban(profile.registration, profile.account)
    if iban is None:
        return None
    name = profile.name.strip()[:NAME_MAX]
    return PayoutAccount(name=name, country=profile.country, iban=iban, bic=profile.bic or None)


def danish_iban(registration: str, account: str) -> str | None:
    """Return the IBAN of a Danish account: DK, check digits, 4 and 10 digits (ISO 13616)."""
    digits = f"{registration:0>{_REGISTRATION}}{account:0>{_ACCOUNT}}"
    if not registration or not account or not (digits.isascii() and digits.isdigit()):
        return None
    moved = digits + "".join(str(int(sign, 36)) for sign in _DENMARK) + "00"
    iban = f"{_DENMARK}{_TO_CHECK - int(moved) % _MODULUS:02}{digits}"
    return iban if iban_fits(iban) else None


def why_not(due: Due, to: PayoutAccount | None, *, least: Money, refused: str | None) -> str:
    """Return why nothing is paid out to a party now; empty where it is."""
    if due.payable.minor <= 0:
        return "its sales are not paid yet" if due.held.minor > 0 else "it has had more than is due"
    if due.payable < least:
        return f"it is below the smallest payout, {least}"
    if to is None:
        return "its billing details name no account"
    if to.iban == refused:
        return "a transfer to its account came back: it gives another account"
    return ""


def whole(lines: Sequence[PayoutLine], amount: Money) -> tuple[PayoutLine, ...]:
    """Return `lines` with what they leave of `amount` as one more: together exactly the amount."""
    rest = amount - Money.total([one.amount for one in lines], amount.currency)
    if not rest:
        return tuple(lines)
    return (*lines, PayoutLine(kind=LineKind.OTHER, invoice="", contract="", amount=rest))
