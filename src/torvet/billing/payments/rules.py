"""What a line of a statement is, as far as it says so itself: pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from torvet.billing.bank.matching import Register, words_of
from torvet.billing.bank.model import Match, Matched, StatementLine, Unclear, Unmatched
from torvet.billing.escrow.model import Hold
from torvet.billing.payouts.model import Payout, Stage

from .model import Decision, Fills, IsPayout, PaysInvoices


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """The line says what it is, and the amount is exactly that."""

    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """A person says what it is: `why`, and what it could be."""

    why: str
    candidates: tuple[str, ...] = ()


_DENMARK, _CHECKED, _REGISTERED = "DK", 4, 8
"""Where an IBAN of Denmark has its registration number: after country and check digits."""

Reading = Clear | Doubtful


def is_account(said: str, iban: str) -> bool:
    """Tell whether a statement that names its account `said` is of the account with `iban`.

    Said as the IBAN or, within Denmark, as registration number and account number, which a Danish
    IBAN ends in with 4 and 10 digits: banks write the whole of them, with or without the zeros
    that the registration number or the account number begins with.
    """
    bare = said.replace(" ", "").upper()
    if not iban or bare == iban:
        return bool(iban)
    if not (iban.startswith(_DENMARK) and bare.isascii() and bare.isdigit()):
        return False
    registration, account = iban[_CHECKED:_REGISTERED], iban[_REGISTERED:]
    written = {registration + account, registration + account.lstrip("0")}
    return bare.lstrip("0") in {each.lstrip("0") for each in written}


def reading_of(
    line: StatementLine,
    register: Register,
    holds: Mapping[str, Hold],
    payouts: Mapping[str, Payout],
) -> Reading:
    """Tell what `line` is where it names exactly one thing and its amount is exactly that.

    `holds` by their reference and `payouts` by their transfer, both bare and in lower case.
    Nothing is guessed by amount, payer or time.
    """
    words = words_of(line)
    named_payouts = [payout for name, payout in payouts.items() if name in words]
    named_holds = [hold for name, hold in holds.items() if name in words]
    named = [*(one.id for one in named_payouts), *(one.id for one in named_holds)]
    if len(named) > 1:
        return Doubtful(why=f"it names {len(named)} things", candidates=tuple(named))
    if named_payouts:
        return _of_payout(line, named_payouts[0])
    if line.returned:
        return Doubtful(why="it is a transfer that came back, and names no payout")
    if line.amount.minor <= 0:
        return Doubtful(why="money went out, and it names no payout")
    match_ = register.match(line)
    if named_holds:
        return _of_hold(line, named_holds[0], match_)
    return _of_invoice(match_)


def _of_payout(line: StatementLine, payout: Payout) -> Reading:
    named = (payout.id,)
    if abs(line.amount) != payout.amount:
        return Doubtful(why=f"payout {payout.id} is of {payout.amount}", candidates=named)
    goes_out = line.amount.minor < 0
    stages = {Stage.FILED, Stage.RETURNED} if goes_out else {Stage.FILED, Stage.PAID}
    if payout.stage not in stages or (goes_out and payout.line_out is not None):
        return Doubtful(why=f"payout {payout.id} is {payout.stage}", candidates=named)
    return Clear(decision=IsPayout(payout=payout.id))


def _of_hold(line: StatementLine, hold: Hold, match_: Match) -> Reading:
    named = (hold.id,)
    if not isinstance(match_, Unmatched):
        return Doubtful(why="it names a hold and an invoice", candidates=named)
    if hold.currency is not line.amount.currency:
        why = f"it is in {line.amount.currency}, and {hold.id} in {hold.currency}"
        return Doubtful(why=why, candidates=named)
    if hold.closed_at is not None:
        return Doubtful(why=f"{hold.id} takes nothing in any more", candidates=named)
    return Clear(decision=Fills(hold=hold.id))


def _of_invoice(match_: Match) -> Reading:
    match match_:
        case Matched(invoice=invoice, over=over) if not over:
            return Clear(decision=PaysInvoices(invoices=((invoice.number, None),)))
        case Matched(invoice=invoice, over=over):
            much = f"{abs(over)} too {'much' if over.minor > 0 else 'little'}"
            why = f"it pays {much}: {invoice.owed} is owed of {invoice.number}"
            return Doubtful(why=why, candidates=(invoice.number,))
        case Unclear(invoices=named, why=why):
            return Doubtful(why=why, candidates=tuple(each.number for each in named))
        case Unmatched(alike=alike, why=why):
            return Doubtful(why=why, candidates=tuple(each.number for each in alike))
