"""What the page of fees says, in Danish and English."""

from torvet.parties.model import PartyKind

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
        "versions": "Versions",
        "version": "Version",
        "since": "Holds from",
        "in_force": "in force",
        "named": "An invoice names the version that it was written by.",
        "other": "På dansk",
    },
}
