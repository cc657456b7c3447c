"""What the page of fees says, in Danish and English."""

from decimal import Decimal

from torvet.parties.model import PartyKind

from .model import Rules

KINDS = {
    "da": {
        PartyKind.PUBLIC: "Offentlig myndighed",
        PartyKind.PRIVATE: "Virksomhed",
        PartyKind.RESEARCH: "Forskningsinstitution",
        PartyKind.CITIZEN: "Borger",
    },
    "en": {
        PartyKind.PUBLIC: "Public body",
        PartyKind.PRIVATE: "Company",
        PartyKind.RESEARCH: "Research institution",
        PartyKind.CITIZEN: "Citizen",
    },
}

WORDS = {
    "da": {
        "title": "Gebyrer og betalingsregler",
        "lead": "Børsen beholder en del af hvert salg. Satserne er offentlige og de samme for alle "
        "udbydere af samme slags; de hænger ikke sammen med nogen anden ydelse.",
        "provider": "Udbyder",
        "keeps": "Børsens gebyr af prisen uden moms",
        "least": "Mindst pr. salg",
        "none": "intet mindstegebyr",
        "free": "At købe, at udstille gratis data og at læse dem koster intet.",
        "payment": "Betaling",
        "due": "En faktura forfalder {days} dage efter sin dato.",
        "payout": "Udbyderen får sin del senest {days} dage efter, at salget er betalt.",
        "vat": "Moms",
        "rate": "Inden for Danmark {percent} %.",
        "abroad": "Til virksomheder i andre EU-lande:",
        "small": "Fra udbydere, der ikke er momsregistreret:",
        "euro": "I en faktura i euro siges momsen også i kroner, efter kurs {kroner} ({source}, "
        "{day}).",
        "rounding": "Afrunding",
        "level": "Service, hvor et tilbud ikke lover andet",
        "promised": "Tilgængelighed {availability} %, svar inden {hours} timer; ellers {credit} % "
        "af månedens pris tilbage.",
        "share": "{kind}: {percent} % af prisen uden moms.",
        "share_least": "{kind}: {percent} % af prisen uden moms, mindst {least} kr. eller euro.",
        "union": "Medlemsstater: {states}.",
        "until": "Til",
        "says": "Siger nyt",
        "first": "Den første version.",
        "same": "Intet nyt.",
        "looking": "Du læser version {version}, som gælder fra {since}.",
        "now": "Den, der gælder nu",
        "versions": "Versioner",
        "version": "Version",
        "since": "Gælder fra",
        "in_force": "gælder nu",
        "named": "En faktura nævner den version, den er skrevet efter.",
        "other": "In English",
    },
    "en": {
        "title": "Fees and terms of payment",
        "lead": "The exchange keeps a part of every sale. The rates are public and the same for "
        "all providers of a kind; they are tied to no other service.",
        "provider": "Provider",
        "keeps": "The exchange's fee, of the price without VAT",
        "least": "At least per sale",
        "none": "no least fee",
        "free": "Buying, offering data free of charge, and reading it cost nothing.",
        "payment": "Payment",
        "due": "An invoice is due {days} days after its date.",
        "payout": "The provider gets its part at the latest {days} days after the sale was paid.",
        "vat": "VAT",
        "rate": "Within Denmark {percent} %.",
        "abroad": "To businesses in other member states:",
        "small": "From providers that are not registered for VAT:",
        "euro": "An invoice in euro tells its VAT in kroner too, at {kroner} ({source}, {day}).",
        "rounding": "Rounding",
        "level": "Service, where an offer promises nothing else",
        "promised": "Availability {availability} %, an answer within {hours} hours; else "
        "{credit} % of the month's price back.",
        "share": "{kind}: {percent} % of the price without VAT.",
        "share_least": "{kind}: {percent} % of the price without VAT, at least {least} DKK or EUR.",
        "union": "Member states: {states}.",
        "until": "Until",
        "says": "Says that is new",
        "first": "The first version.",
        "same": "Nothing new.",
        "looking": "You read version {version}, which holds from {since}.",
        "now": "The one in force",
        "versions": "Versions",
        "version": "Version",
        "since": "Holds from",
        "in_force": "in force",
        "named": "An invoice names the version that it was written by.",
        "other": "På dansk",
    },
}


def number_in(number: Decimal | int, language: str) -> str:
    """Write a number as the language does: `7,4604` in Danish."""
    written = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return written.replace(".", ",") if language == "da" else written


def sentences(rules: Rules, language: str) -> tuple[str, ...]:
    """Return everything that one version says, a sentence for each rule, in `da` or `en`."""
    words, kinds = WORDS[language], KINDS[language]
    level, euro = rules.service_level, rules.euro

    def said(number: Decimal | int) -> str:
        return number_in(number, language)

    return (
        *(
            words["share_least" if fee.least else "share"].format(
                kind=kinds[kind],
                percent=said(fee.percent),
                least=said(Decimal(fee.least).scaleb(-2)),
            )
            for kind, fee in rules.fees.items()
        ),
        words["due"].format(days=rules.payment_days),
        words["payout"].format(days=rules.payout_days),
        f"{words['vat']}: {words['rate'].format(percent=said(rules.vat.standard_percent))}",
        f"{words['abroad']} {rules.vat.reverse_charge[language]}.",
        f"{words['small']} {rules.vat.exempt[language]}.",
        words["union"].format(states=", ".join(sorted(rules.vat.member_states))),
        words["euro"].format(kroner=said(euro.kroner), source=euro.source, day=euro.as_of),
        words["promised"].format(
            availability=said(level.availability_percent),
            hours=level.support_hours,
            credit=said(level.credit_percent),
        ),
        rules.rounding[language],
    )


def news(before: Rules | None, rules: Rules, language: str) -> tuple[str, ...]:
    """Return what a version says otherwise than the one before it; nothing of the first."""
    if before is None:
        return ()
    known = set(sentences(before, language))
    return tuple(each for each in sentences(rules, language) if each not in known)
