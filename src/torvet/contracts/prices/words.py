"""Prices in plain words, in Danish and in English."""

from torvet.contracts import purposes
from torvet.contracts.sentences import Sentence, count, listed, moment
from torvet.kit.money import Money, UnitPrice
from torvet.parties.model import PartyKind

from .model import (
    Case,
    Every,
    Free,
    OneOff,
    PerUse,
    Price,
    Rate,
    Subscription,
    Tariff,
    Tier,
    Tiering,
    Unit,
)

_UNITS = {
    Unit.ROW: (Sentence(da="række", en="row"), Sentence(da="rækker", en="rows")),
    Unit.GB: (Sentence(da="GB", en="GB"), Sentence(da="GB", en="GB")),
    Unit.REQUEST: (
        Sentence(da="forespørgsel", en="request"),
        Sentence(da="forespørgsler", en="requests"),
    ),
    Unit.ANSWER: (Sentence(da="svar", en="answer"), Sentence(da="svar", en="answers")),
}
_KINDS = {
    PartyKind.PUBLIC: Sentence(da="offentlige myndigheder", en="public bodies"),
    PartyKind.PRIVATE: Sentence(da="virksomheder", en="companies"),
    PartyKind.RESEARCH: Sentence(da="forskningsinstitutioner", en="research institutions"),
    PartyKind.CITIZEN: Sentence(da="borgere", en="citizens"),
}
_EVERY = {
    Every.MONTH: Sentence(da="om måneden", en="a month"),
    Every.YEAR: Sentence(da="om året", en="a year"),
}
_FREE = Sentence(da="Gratis.", en="Free of charge.")
_VAT = Sentence(da="Priserne er uden moms.", en="Prices are without VAT.")


def of_price(price: Price) -> list[Sentence]:
    """Say a price: a sentence a case, in the order in which they are looked at."""
    said = [line for place, case in enumerate(price.cases) for line in _case(case, place)]
    if not price.is_free:
        said.append(_VAT)
    if price.valid_from is not None:
        at = moment(price.valid_from)
        said.append(Sentence(da=f"Prisen gælder fra {at.da}.", en=f"The price holds from {at.en}."))
    if price.valid_until is not None:
        at = moment(price.valid_until)
        said.append(
            Sentence(
                da=f"Prisen kan accepteres indtil {at.da}.",
                en=f"The price can be accepted until {at.en}.",
            )
        )
    return said


def of_tariff(tariff: Tariff) -> list[Sentence]:
    """Say what one consumer pays."""
    if tariff.is_free:
        return [_FREE]
    return [*_tariff(tariff), _VAT]


def of_use(rate: PerUse) -> Sentence:
    """Say what use costs, as part of a sentence: its price, tiers and allowance."""
    return Sentence(da=_use(rate, "da"), en=_use(rate, "en"))


def kind_words(kind: PartyKind) -> Sentence:
    """Say what consumers of a kind are called."""
    return _KINDS[kind]


def of_cap(cap: Money) -> Sentence:
    """Say the most that a consumer will spend on use."""
    return Sentence(
        da=f"Forbrugsloft: {cap.said('da')} om måneden.",
        en=f"Spending cap: {cap.said('en')} a month.",
    )


def _case(case: Case, place: int) -> list[Sentence]:
    lines = [_FREE] if case.tariff.is_free else _tariff(case.tariff)
    if case.is_for_all and place == 0:
        return lines
    whom = _whom(case)
    return [
        Sentence(da=f"{whom.da}: {_inside(line.da)}", en=f"{whom.en}: {_inside(line.en)}")
        for line in lines
    ]


def _inside(line: str) -> str:
    """Return a sentence as it stands after a colon: a word in small, a currency as it is."""
    first = line.partition(" ")[0].rstrip(".")
    return line if first.isupper() or not first.isalpha() else line[0].lower() + line[1:]


def _whom(case: Case) -> Sentence:
    if case.is_for_all:
        return Sentence(da="Alle andre", en="All others")
    kinds = [_KINDS[kind] for kind in case.kinds]
    what = [purposes.label(code) for code in case.purposes]
    parts = [*([_listed(kinds)] if kinds else []), *([_listed(what)] if what else [])]
    return Sentence(
        da=f"Til {' til '.join(part.da for part in parts)}",
        en=f"For {' for '.join(part.en for part in parts)}",
    )


def _listed(sentences: list[Sentence]) -> Sentence:
    return Sentence(
        da=listed(tuple(each.da for each in sentences)).da,
        en=listed(tuple(each.en for each in sentences)).en,
    )


def _tariff(tariff: Tariff) -> list[Sentence]:
    said = [_rate(rate) for rate in tariff.rates]
    if tariff.at_least is not None:
        said.append(
            Sentence(
                da=f"Forbrug koster mindst {tariff.at_least.said('da')} om måneden.",
                en=f"Use costs at least {tariff.at_least.said('en')} a month.",
            )
        )
    if tariff.at_most is not None:
        said.append(
            Sentence(
                da=f"Forbrug koster højst {tariff.at_most.said('da')} om måneden.",
                en=f"Use costs at most {tariff.at_most.said('en')} a month.",
            )
        )
    if tariff.trial_days:
        days = count(tariff.trial_days)
        said.append(
            Sentence(
                da=f"Prøveperiode: de første {days.da} dage er gratis.",
                en=f"Trial: the first {days.en} days are free of charge.",
            )
            if tariff.trial_days > 1
            else Sentence(
                da="Prøveperiode: den første dag er gratis.",
                en="Trial: the first day is free of charge.",
            )
        )
    return said


def _rate(rate: Rate) -> Sentence:
    match rate:
        case Free():
            return _FREE
        case OneOff(amount):
            return Sentence(da=f"{amount.said('da')} én gang.", en=f"{amount.said('en')} once.")
        case Subscription(amount, every):
            word = _EVERY[every]
            return Sentence(
                da=f"{amount.said('da')} {word.da}, betalt forud.",
                en=f"{amount.said('en')} {word.en}, paid in advance.",
            )
        case PerUse():
            return Sentence(da=_use(rate, "da") + ".", en=_use(rate, "en") + ".")


def _use(rate: PerUse, language: str) -> str:
    one, many = _UNITS[rate.unit]
    of = one[language] if rate.per == 1 else f"{count(rate.per)[language]} {many[language]}"
    said = f"{_unit_price(rate.tiers[0].price, language)} per {of}"
    said += "".join(_tier(tier, rate.tiering, language) for tier in rate.tiers[1:])
    if rate.free_monthly == 1:
        word = {"da": "; den første om måneden er gratis", "en": "; the first a month is free"}
        if rate.unit in {Unit.GB, Unit.ANSWER}:
            word["da"] = "; det første om måneden er gratis"
        return said + word[language]
    if rate.free_monthly:
        free = count(rate.free_monthly)[language]
        if language == "da":
            return f"{said}; de første {free} om måneden er gratis"
        return f"{said}; the first {free} a month are free"
    return said


def _tier(tier: Tier, tiering: Tiering, language: str) -> str:
    price, beyond = _unit_price(tier.price, language), count(tier.beyond)[language]
    match tiering, language:
        case Tiering.GRADUATED, "da":
            return f", {price} for det, der er ud over {beyond} om måneden"
        case Tiering.GRADUATED, _:
            return f", {price} for what is beyond {beyond} a month"
        case Tiering.VOLUME, "da":
            return f", {price} for det hele i en måned med mere end {beyond}"
        case _:
            return f", {price} for all of it in a month with more than {beyond}"


def _unit_price(price: UnitPrice, language: str) -> str:
    return price.said(language)
