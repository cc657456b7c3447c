"""Parties and accounts as a document names them, from the billing details that they gave. Pure."""

from dataclasses import replace

from torvet.billing.profiles.model import Profile
from torvet.kit.money import Currency

from .drafts import UNNUMBERED
from .identifiers import endpoint_of
from .model import Address, Cleared, DanishAccount, Endpoint, Iban, InvoiceParty, Means


def party_of(
    profile: Profile, *, ean: str = "", delivered_at: Endpoint | None = None
) -> InvoiceParty:
    """Return the party as documents name it, with the EAN of an order where it gave one.

    Whoever has no address in Peppol (a citizen) has its documents delivered where the exchange has
    its own, `delivered_at`, and reads them there.
    """
    bare = InvoiceParty(
        name=profile.name,
        address=Address(
            street=profile.street,
            city=profile.city,
            post_code=profile.post_code,
            country=profile.country,
        ),
        cvr=profile.cvr or None,
        vat_number=profile.vat_number or None,
        ean=ean or profile.ean or None,
        email=profile.email or None,
        endpoint=None
        if profile.endpoint is None
        else Endpoint(scheme=profile.endpoint[0], value=profile.endpoint[1]),
    )
    if endpoint_of(bare) is not None or delivered_at is None:
        return bare
    return replace(bare, endpoint=delivered_at)


def account_of(profile: Profile, currency: Currency) -> Means | None:
    """Return the account that takes `currency`, None where none was given for it."""
    if profile.registration and currency is Currency.DKK:
        return DanishAccount(
            registration=profile.registration, account=profile.account, reference=UNNUMBERED
        )
    if profile.iban:
        return Iban(iban=profile.iban, bic=profile.bic or None, reference=UNNUMBERED)
    return None


def payout_means(profile: Profile, currency: Currency) -> Means:
    """Return how a provider is paid: to its account, or cleared where it gave none."""
    return account_of(profile, currency) or Cleared(reference=UNNUMBERED)
