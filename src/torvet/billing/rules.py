"""What is a transaction, and how one is taken back: pure, so that its laws can be tested."""

import re
from collections.abc import Iterable, Mapping, Sequence

from torvet.kit.money import Currency, Money

from .model import HOUSE, HOUSE_ONLY, PARTY_ONLY, Account, Line, Posting

KEY_LENGTH_MAX = 200
WORDS_LENGTH_MAX = 300
LINES_MIN = 2
LINES_MAX = 1_000

_KIND = re.compile(r"[a-z][a-z-]{0,39}")
_PARTY = re.compile(r"[a-z]{2}_[0-9a-z]{1,40}")
_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LENGTH_MAX}}}")


def faults_of(posting: Posting) -> tuple[str, ...]:
    """Return everything that keeps `posting` from being posted; nothing where it can be."""
    return (
        *_faults_in_words(posting),
        *_faults_in_accounts(posting.lines),
        *_faults_in_sums(posting),
    )


def _faults_in_words(posting: Posting) -> Iterable[str]:
    if not _KEY.fullmatch(posting.key):
        yield f"its key has 1 to {KEY_LENGTH_MAX} visible characters of ASCII"
    if not _KIND.fullmatch(posting.kind):
        yield f"its kind {posting.kind!r} is not lower-case words joined by hyphens"
    if not posting.words.isprintable() or not 0 < len(posting.words) <= WORDS_LENGTH_MAX:
        yield f"it is described in one line of 1 to {WORDS_LENGTH_MAX} characters"


def _faults_in_accounts(lines: Sequence[Line]) -> Iterable[str]:
    if not LINES_MIN <= len(lines) <= LINES_MAX:
        yield f"it has {len(lines)} lines, and {LINES_MIN} to {LINES_MAX:,} make a transaction"
    accounts = [line.account for line in lines]
    for account in dict.fromkeys(accounts):
        if accounts.count(account) > 1:
            yield f"{account} has more than one line"
        if account.party and account.kind in HOUSE_ONLY:
            yield f"{account}: that account is the exchange's own"
        if not account.party and account.kind in PARTY_ONLY:
            yield f"{account}: that account is a party's"
        if account.party and not _PARTY.fullmatch(account.party):
            yield f"{account.party!r} is no party"


def _faults_in_sums(posting: Posting) -> Iterable[str]:
    sums: dict[Currency, int] = {}
    for line in posting.lines:
        if line.amount.currency is not line.account.currency:
            yield f"{line.account} cannot take {line.amount.currency}"
            continue
        if not line.amount:
            yield f"nothing moves on {line.account}"
        currency = line.amount.currency
        sums[currency] = sums.get(currency, 0) + line.amount.minor
    for currency, over in sorted(sums.items()):
        if over:
            yield f"debits and credits differ by {over} minor units of {currency}"


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return one line for each account that moves, whatever came to it in how many lines."""
    sums: dict[Account, Money] = {}
    for line in lines:
        sums[line.account] = sums.get(line.account, Money.zero(line.amount.currency)) + line.amount
    return tuple(Line(account=account, amount=amount) for account, amount in sums.items() if amount)


def told_to(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return the parties that the fact of a transaction names: it tells nobody of a stranger.

    Whoever is alone on its side deals with all of the other: a buyer with the providers on its
    invoice, a provider with those who share its income. These do not know of one another, so that
    where there are several on a side, none of them is named.
    """
    debits, credits_ = (
        {line.account.party for line in lines if line.amount.minor * sign > 0} - {HOUSE}
        for sign in (1, -1)
    )
    return tuple(sorted({party for side in (debits, credits_) if len(side) == 1 for party in side}))


def opposite(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return what undoes `lines`."""
    return tuple(Line(account=line.account, amount=-line.amount) for line in lines)


def left_of(original: Sequence[Line], corrections: Iterable[Sequence[Line]]) -> tuple[Line, ...]:
    """Return what is left of `original` after what was taken back of it."""
    return merged([*original, *(line for lines in corrections for line in lines)])


def part_to_take_back(left: Sequence[Line], part: Money) -> tuple[Line, ...]:
    """Return the lines that take back `part` of what is left of a transaction.

    Debits and credits are each shared by largest remainder, so that what is taken back balances
    and is never more than what an account has left. Raises ValueError where `part` is nothing,
    below zero, or more than is left.
    """
    own = [line for line in left if line.account.currency is part.currency]
    debits = [line for line in own if line.amount.minor > 0]
    credits_ = [line for line in own if line.amount.minor < 0]
    most = debited(own).get(part.currency, 0)
    if not 0 < part.minor <= most:
        raise ValueError(f"{part} of {most} minor units cannot be taken back")
    return tuple(
        Line(account=line.account, amount=share if sign > 0 else -share)
        for side, sign in ((debits, -1), (credits_, 1))
        for line, share in zip(side, part.share([abs(o.amount.minor) for o in side]), strict=True)
        if share
    )


def debited(lines: Iterable[Line]) -> Mapping[Currency, int]:
    """Return the sum of debits by currency, in minor units: how much a transaction moves."""
    sums: dict[Currency, int] = {}
    for line in lines:
        if line.amount.minor > 0:
            sums[line.amount.currency] = sums.get(line.amount.currency, 0) + line.amount.minor
    return sums
