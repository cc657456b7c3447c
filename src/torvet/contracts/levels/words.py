"""Service levels in plain words, in Danish and in English."""

from torvet.contracts.prices.model import OneOff, Price, Rate, Tariff
from torvet.contracts.sentences import Sentence, count

from .model import PERCENT_MAX, Level, Measure, ServiceLevels, percent_text


def of_levels(promised: ServiceLevels, paid: Price | Tariff) -> list[Sentence]:
    """Say what is promised and what a breach gives back of what is `paid`.

    Says nothing where nothing is promised.
    """
    said = [line for level in promised.levels for line in _level(level)]
    if promised.gives and any(isinstance(rate, OneOff) for rate in _rates(paid)):
        said.append(
            Sentence(
                da="Det, der betales én gang, hører ikke til nogen måned: heraf gives intet "
                "tilbage.",
                en="What is paid once belongs to no month: nothing of it is given back.",
            )
        )
    if promised.gives and promised.most_percent < PERCENT_MAX:
        most = promised.most_percent
        said.append(
            Sentence(
                da=f"Højst {most} % af en måneds betaling gives tilbage.",
                en=f"At most {most} % of a month's charges are given back.",
            )
        )
    return said


def _rates(paid: Price | Tariff) -> tuple[Rate, ...]:
    if isinstance(paid, Tariff):
        return paid.rates
    return tuple(rate for case in paid.cases for rate in case.tariff.rates)


def measured(measure: Measure, value: int) -> Sentence:
    """Say a measurement with its unit."""
    match measure:
        case Measure.AVAILABILITY:
            said = percent_text(value)
            return Sentence(da=f"{said.replace('.', ',')} %", en=f"{said} %")
        case Measure.QUALITY:
            return Sentence(da=f"{value} af 100", en=f"{value} of 100")
        case Measure.FRESHNESS:
            return _hours(value)
        case Measure.SUPPORT:
            return _working(value)


def _level(level: Level) -> list[Sentence]:
    said = [_promise(level)]
    if level.maintenance is not None:
        notice, most = level.maintenance.notice_hours, level.maintenance.hours_a_month
        said.append(
            Sentence(
                da=f"Planlagt arbejde tæller ikke, når det er varslet {_hours(notice).da} før, "
                f"højst {_hours(most).da} om måneden.",
                en=f"Planned work that is announced {_hours(notice).en} before is not counted, "
                f"{_hours(most).en} a month at most.",
            )
        )
    said += [_back(level, step.past, step.percent) for step in level.steps]
    return said


def _promise(level: Level) -> Sentence:
    value = measured(level.measure, level.promised)
    match level.measure:
        case Measure.AVAILABILITY:
            return Sentence(
                da=f"Data kan læses mindst {value.da} af hver måned.",
                en=f"The data can be read at least {value.en} of every month.",
            )
        case Measure.FRESHNESS:
            return Sentence(
                da=f"Den nyeste udgivelse er højst {value.da} gammel.",
                en=f"The newest release is at most {value.en} old.",
            )
        case Measure.QUALITY:
            return Sentence(
                da=f"Hver udgivelse har en kvalitet på mindst {value.da}.",
                en=f"Every release has a quality of at least {value.en}.",
            )
        case Measure.SUPPORT:
            return Sentence(
                da=f"Spørgsmål besvares første gang inden for {value.da}.",
                en=f"Questions get a first answer within {value.en}.",
            )


def _back(level: Level, past: int, percent: int) -> Sentence:
    value = measured(level.measure, past)
    least = level.measure.is_least
    beyond = Sentence(da="under" if least else "over", en="Below" if least else "Beyond")
    return Sentence(
        da=f"Ved {beyond.da} {value.da} gives {percent} % af månedens betaling tilbage.",
        en=f"{beyond.en} {value.en}, {percent} % of the month's charges are given back.",
    )


def _hours(hours: int) -> Sentence:
    days, rest = divmod(hours, 24)
    if days > 1 and not rest:
        number = count(days)
        return Sentence(da=f"{number.da} døgn", en=f"{number.en} days")
    if days > 1:
        left, whole = _hours(rest), _hours(days * 24)
        return Sentence(da=f"{whole.da} og {left.da}", en=f"{whole.en} and {left.en}")
    number = count(hours)
    if hours == 1:
        return Sentence(da="1 time", en="1 hour")
    return Sentence(da=f"{number.da} timer", en=f"{number.en} hours")


def _working(hours: int) -> Sentence:
    if hours == 1:
        return Sentence(da="1 arbejdstime", en="1 working hour")
    number = count(hours)
    return Sentence(da=f"{number.da} arbejdstimer", en=f"{number.en} working hours")
