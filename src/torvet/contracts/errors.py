"""What can go wrong with terms and contracts, as their parties can act on it."""

from dataclasses import dataclass

from torvet.kit.errors import ExchangeError, Kind


@dataclass(eq=False)
class OfferNotFound(ExchangeError):
    """There is no such offer, or it is not for the one who asks."""

    kind, code = Kind.NOT_FOUND, "offer-not-found"
    advice = "The dataset's page lists the offers that you can accept."
    offer: str

    def __str__(self) -> str:
        return f"There is no offer {self.offer!r} for you."


@dataclass(eq=False)
class ContractNotFound(ExchangeError):
    """There is no such contract, or it is between others."""

    kind, code = Kind.NOT_FOUND, "contract-not-found"
    advice = "List your contracts to see their ids."
    contract: str

    def __str__(self) -> str:
        return f"You have no contract {self.contract!r}."


@dataclass(eq=False)
class OfferWithdrawn(ExchangeError):
    """The offer can no longer be accepted; contracts made from it stand."""

    kind, code = Kind.CONFLICT, "offer-withdrawn"
    advice = "Look for another offer on the dataset's page."
    offer: str

    def __str__(self) -> str:
        return f"Offer {self.offer!r} was withdrawn by its provider."


@dataclass(eq=False)
class OfferProposed(ExchangeError):
    """The terms are a round of a negotiation, and no offer that can be accepted as others are."""

    kind, code = Kind.CONFLICT, "offer-proposed"
    advice = "Agree to them in the negotiation: POST /api/negotiations/{id}/agreement."
    offer: str

    def __str__(self) -> str:
        return f"Offer {self.offer!r} is being negotiated."


@dataclass(eq=False)
class OfferMoved(ExchangeError):
    """The terms are others than the buyer says they saw.

    `gone` stood in what was seen and `new` stands there now; both are empty where it is not known
    what was seen.
    """

    kind, code = Kind.CONFLICT, "offer-moved"
    advice = "Read the offer again and accept what it says now, or leave it."
    offer: str
    digest: str
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f"Offer {self.offer!r} does not say what you saw when you accepted it."
        if self.gone:
            said += f" You saw: {' '.join(self.gone)}"
        if self.new:
            said += f" It says: {' '.join(self.new)}"
        return said


@dataclass(eq=False)
class CapInvalid(ExchangeError):
    """What was sent cannot be the spending cap of the contract."""

    kind, code = Kind.INVALID, "cap-invalid"
    advice = "Write an amount a month like 2000 DKK in the contract's currency, or take it away."
    contract: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The spending cap stays as it is: {'; '.join(self.faults)}."


@dataclass(eq=False)
class TermsNotNamed(ExchangeError):
    """Something is to be paid, and the buyer does not say which terms it read."""

    kind, code = Kind.CONFLICT, "terms-not-named"
    advice = "Read the terms, and send the offer's digest as `seen`."
    offer: str
    digest: str
    price: tuple[str, ...]

    def __str__(self) -> str:
        return f"Offer {self.offer!r} is not free, so name what you saw. {' '.join(self.price)}"


@dataclass(eq=False)
class PriceInvalid(ExchangeError):
    """A price makes no sense; everything that is wrong with it is named."""

    kind, code = Kind.INVALID, "price-invalid"
    advice = "Correct what is named: docs/how-to/set-a-price.md shows every kind of price."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The price cannot be used: {'; '.join(self.faults)}."


@dataclass(eq=False)
class OrderInvalid(ExchangeError):
    """What a buyer added to its acceptance cannot be used, or something is missing."""

    kind, code = Kind.INVALID, "order-invalid"
    advice = "Correct what is named, and accept the offer again. Nothing was agreed."
    offer: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The offer was not accepted: {'; '.join(self.faults)}."


@dataclass(eq=False)
class AlreadyContracted(ExchangeError):
    """The consumer has a live contract from this offer."""

    kind, code = Kind.CONFLICT, "already-contracted"
    advice = "Use the contract that you have, or end it first."
    offer: str
    contract: str

    def __str__(self) -> str:
        return f"You have contract {self.contract!r} from this offer already."


@dataclass(eq=False)
class OwnOffer(ExchangeError):
    """A provider accepts no offer of its own."""

    kind, code = Kind.REFUSED, "own-offer"
    advice = "Sign in for the party that wants to read the data."
    offer: str

    def __str__(self) -> str:
        return f"Offer {self.offer!r} is your own: you have the data already."


@dataclass(eq=False)
class NotProvider(ExchangeError):
    """The dataset is another party's, so its terms are too."""

    kind, code = Kind.REFUSED, "not-provider"
    advice = "Act for the dataset's provider (header X-Torvet-Party), or ask it for an offer."
    dataset: str

    def __str__(self) -> str:
        return f"Only the provider of dataset {self.dataset!r} offers it."


@dataclass(eq=False)
class TermsNotMet(ExchangeError):
    """The consumer can never read under these terms, so there is nothing to agree on."""

    kind, code = Kind.REFUSED, "terms-not-met"
    advice = "Choose a purpose that the offer allows, or ask the provider for another offer."
    offer: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"The offer is not for you: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class ReadRefused(ExchangeError):
    """The contract does not allow the read; every clause that objects is named."""

    kind, code = Kind.REFUSED, "read-refused"
    advice = "Ask for less, wait until the limits are fresh, or make a new contract."
    contract: str
    reasons: tuple[str, ...]
    clauses: tuple[str, ...] = ()
    reasons_da: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"Contract {self.contract!r} does not allow this read: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class ContractMoved(ExchangeError):
    """Somebody else changed the contract in the meantime."""

    kind, code = Kind.CONFLICT, "contract-moved"
    advice = "Load the contract again and see whether there is still something to do."
    contract: str

    def __str__(self) -> str:
        return f"Contract {self.contract!r} changed while you were deciding."


@dataclass(eq=False)
class WrongStage(ExchangeError):
    """The deed needs the contract at another stage."""

    kind, code = Kind.CONFLICT, "wrong-stage"
    advice = "Load the contract again: its stage says what can be done with it."
    contract: str
    stage: str
    needed: str

    def __str__(self) -> str:
        return f"Contract {self.contract!r} is {self.stage}; this needs one that is {self.needed}."


@dataclass(eq=False)
class ClauseInvalid(ExchangeError):
    """A clause makes no sense, or does not fit the dataset."""

    kind, code = Kind.INVALID, "clause-invalid"
    advice = "Compare the clause with the dataset's columns and with /docs."
    clause: str
    fault: str

    def __str__(self) -> str:
        return f"The clause {self.clause!r} cannot be used: {self.fault}."


@dataclass(eq=False)
class TermsUnreadable(ExchangeError):
    """Fields of a form say what is no clause; everything that is wrong is named."""

    kind, code = Kind.INVALID, "terms-unreadable"
    advice = "Correct what is named; what you entered is still there."
    faults: tuple[str, ...]

    def __str__(self) -> str:
        return f"The terms cannot be read: {'; '.join(self.faults)}."


@dataclass(eq=False)
class FundsUnknown(ExchangeError):
    """What was paid in for a contract was not worked out for this month yet."""

    kind, code = Kind.UNAVAILABLE, "funds-unknown"
    advice = "Try again in a few seconds."
    contract: str

    def __str__(self) -> str:
        return f"What is held for {self.contract} is being worked out for this month."


@dataclass(eq=False)
class PurposeUnknown(ExchangeError):
    """The purpose is no DPV purpose that is known here."""

    kind, code = Kind.INVALID, "purpose-unknown"
    advice = "GET /api/purposes lists the purposes, in Danish and English."
    purpose: str

    def __str__(self) -> str:
        return f"{self.purpose!r} is no purpose that is known here."


@dataclass(eq=False)
class PreviewShowsMore(ExchangeError):
    """The dataset's public preview shows what the offer withholds."""

    kind, code = Kind.CONFLICT, "preview-shows-more"
    advice = (
        "Narrow the dataset's preview to the columns and rows that the offer shares, or send "
        "preview_acknowledged: true if that is meant."
    )
    columns: tuple[str, ...]
    rows: bool

    def __str__(self) -> str:
        what = [f"column {', '.join(self.columns)}"] if self.columns else []
        what += ["rows that the filter leaves out"] if self.rows else []
        return f"The dataset's preview shows everyone {' and '.join(what)}."


@dataclass(eq=False)
class OdrlInvalid(ExchangeError):
    """The policy says something that this exchange cannot execute, so it takes none of it."""

    kind, code = Kind.INVALID, "odrl-invalid"
    advice = (
        "GET /api/offers/{id}/odrl shows the terms that are executed here. None is ignored: leave "
        "out what is named, or make the offer from clauses."
    )
    term: str
    fault: str

    def __str__(self) -> str:
        return f"The policy's {self.term} cannot be used: {self.fault}."


@dataclass(eq=False)
class OtherSide(ExchangeError):
    """The deed belongs to the other party of the contract."""

    kind, code = Kind.REFUSED, "other-side"
    advice = "Ask the other party to do it, or end the contract, which both may."
    contract: str
    side: str

    def __str__(self) -> str:
        return f"Only the {self.side} of contract {self.contract!r} can do that."


@dataclass(eq=False)
class DutyNotFound(ExchangeError):
    """The contract has no such duty, or it is not done."""

    kind, code = Kind.NOT_FOUND, "duty-not-found"
    advice = "`torvet duty list` shows what is owed in return under a contract."
    contract: str
    duty: str

    def __str__(self) -> str:
        return f"Contract {self.contract!r} has no duty {self.duty!r} of which that can be said."
