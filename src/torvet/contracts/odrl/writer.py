"""Terms as ODRL 2.2 policies in JSON-LD, for other exchanges and for lawyers' tools.

What ODRL has a word for is said in it; what it has none for is in the profile `torvet:`.
`reader` reads the same back: out and in again is the same clauses.
"""

from typing import Any

from torvet.contracts import purposes
from torvet.contracts.clauses import (
    Answers,
    Attribution,
    Clause,
    Columns,
    GiveBack,
    NoOnwardSharing,
    NoReidentification,
    Purposes,
    Regions,
    RequestsPerMinute,
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from torvet.contracts.levels import model as service_levels
from torvet.contracts.levels.model import ServiceLevels
from torvet.contracts.model import Contract, Offer
from torvet.contracts.prices import terms as price_terms
from torvet.contracts.prices.model import FREE, NOTHING, Case, OneOff, Price
from torvet.kit import filters
from torvet.kit.canonical import canonical
from torvet.kit.moments import to_text

ODRL_CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "urn:torvet:odrl:"
PREFIXES = {
    "dpv": purposes.DPV,
    "torvet": PROFILE,
    "title": "http://purl.org/dc/terms/title",
}
CONTEXT = [ODRL_CONTEXT, PREFIXES]

COLUMNS = "torvet:columns"
ROW_FILTER = "torvet:rowFilter"
DELIVERY = "torvet:delivery"
ANSWERS = "torvet:answers"
ROWS_PER_DAY = "torvet:rowsPerDay"
REQUESTS_PER_MINUTE = "torvet:requestsPerMinute"
ATTRIBUTION_TEXT = "torvet:attributionText"
THANK = "torvet:thank"
THANKS_TEXT = "torvet:thanksText"
GIVE_BACK = "torvet:giveBack"
RETURNED = "torvet:returned"
RETURNED_TEXT = "torvet:returnedText"
BENEFIT = "torvet:benefit"
REIDENTIFY = "torvet:reidentify"
PRICE = "torvet:price"
KEEP_LEVELS = "torvet:keepServiceLevels"
LEVELS = "torvet:serviceLevels"
CURRENCY = "http://publications.europa.eu/resource/authority/currency/"


def offer_policy(offer: Offer, *, uid: str, target: str, assigner: str) -> dict[str, Any]:
    """Return `offer` as an ODRL Offer of the dataset `target`."""
    head = {"@type": "Offer", "uid": uid, "title": offer.title}
    policy = _policy(head, offer.clauses, {"target": target, "assigner": assigner}, offer.price)
    return policy | _obligations(offer.levels, assigner)


def agreement_policy(
    contract: Contract, *, uid: str, target: str, assigner: str, assignee: str
) -> dict[str, Any]:
    """Return `contract` as an ODRL Agreement between `assigner` and `assignee`."""
    head = {"@type": "Agreement", "uid": uid}
    sides = {"target": target, "assigner": assigner, "assignee": assignee}
    tariff = contract.tariff
    price = FREE if tariff == NOTHING else Price(cases=(Case(tariff=tariff),))
    return _policy(head, contract.clauses, sides, price) | _obligations(contract.levels, assigner)


def _policy(
    head: dict[str, Any], clauses: tuple[Clause, ...], sides: dict[str, str], price: Price
) -> dict[str, Any]:
    constraints = [constraint for clause in clauses for constraint in _constraints(clause)]
    duties = [duty for clause in clauses if (duty := _duty(clause))]
    duties += [] if price == FREE else [_payment(price)]
    forbidden = [action for clause in clauses for action in _forbidden(clause)]
    permission: dict[str, Any] = {**sides, "target": _target(sides, clauses), "action": "use"}
    if constraints:
        permission["constraint"] = constraints
    if duties:
        permission["duty"] = duties
    policy: dict[str, Any] = {"@context": CONTEXT, **head, "profile": PROFILE}
    policy["permission"] = [permission]
    if forbidden:
        policy["prohibition"] = [{**sides, "action": action} for action in forbidden]
    return policy


def _target(sides: dict[str, str], clauses: tuple[Clause, ...]) -> Any:
    """Return the dataset, or the part of it that the clauses leave (ODRL 2.2 §2.2.2)."""
    refinements = [refinement for clause in clauses for refinement in _refinements(clause)]
    if not refinements:
        return sides["target"]
    return {"@type": "AssetCollection", "source": sides["target"], "refinement": refinements}


def _refinements(clause: Clause) -> list[dict[str, Any]]:
    match clause:
        case Columns(names):
            return [_said(COLUMNS, "isAnyOf", list(names))]
        case RowFilter(condition):
            return [_said(ROW_FILTER, "eq", filters.to_text(condition))]
        case _:
            return []


def _constraints(clause: Clause) -> list[dict[str, Any]]:  # noqa: PLR0911 - a case a clause
    match clause:
        case Purposes(codes):
            return [_said("purpose", "isAnyOf", [{"@id": f"dpv:{code}"} for code in codes])]
        case Validity(start, end):
            sides = (("gteq", start), ("lt", end))
            return [
                _said("dateTime", op, {"@value": to_text(at), "@type": "xsd:dateTime"})
                for op, at in sides
                if at is not None
            ]
        case Regions(codes):
            return [_said("spatial", "isAnyOf", list(codes))]
        case Answers():
            return [_said(DELIVERY, "eq", {"@id": ANSWERS})]
        case RowsPerDay(rows):
            return [_said(ROWS_PER_DAY, "lteq", rows)]
        case RequestsPerMinute(requests):
            return [_said(REQUESTS_PER_MINUTE, "lteq", requests)]
        case _:
            return []


def _duty(clause: Clause) -> dict[str, Any] | None:
    match clause:
        case Attribution(text):
            return _deed("odrl:attribute", _said(ATTRIBUTION_TEXT, "eq", text))
        case Thanks(text):
            return _deed(THANK, _said(THANKS_TEXT, "eq", text))
        case StateBenefit(days):
            # ODRL knows to inform of a use; what that was good for is the profile's.
            return _deed("odrl:inform", _said(BENEFIT, "eq", True), _within(days))
        case GiveBack(what, days, text):
            returned = (_said(RETURNED, "eq", what.value), _said(RETURNED_TEXT, "eq", text))
            return _deed(GIVE_BACK, *returned, _within(days))
        case _:
            return None


def _deed(action: str, *refinements: dict[str, Any]) -> dict[str, Any]:
    return {"action": [{"rdf:value": {"@id": action}, "refinement": list(refinements)}]}


def _within(days: int) -> dict[str, Any]:
    """Say that something is done within so many days of the agreement."""
    return _said("elapsedTime", "lteq", {"@value": f"P{days}D", "@type": "xsd:duration"})


def _payment(price: Price) -> dict[str, Any]:
    """Return the duty to pay: in ODRL's own words where it has them, else in those of the profile.

    ODRL says one amount that is paid once; all else is the price's JSON as one text.
    """
    match price:
        case Price(
            cases=(Case(purposes=(), kinds=(), tariff=tariff),), valid_from=None, valid_until=None
        ) if (
            len(tariff.rates) == 1
            and isinstance(tariff.rates[0], OneOff)
            and not (tariff.trial_days)
        ):
            amount = tariff.rates[0].amount
            said = _said("payAmount", "eq", _decimal(amount.decimal_text()))
            refinement = {**said, "unit": {"@id": f"{CURRENCY}{amount.currency}"}}
        case _:
            refinement = _said(PRICE, "eq", canonical(price_terms.to_json(price)).decode())
    return {"action": [{"rdf:value": {"@id": "odrl:compensate"}, "refinement": [refinement]}]}


def _obligations(levels: ServiceLevels, assigner: str) -> dict[str, Any]:
    """Return the assigner's duty to keep what it promised; ODRL has no words for levels."""
    if not levels:
        return {}
    refinement = [_said(LEVELS, "eq", canonical(service_levels.to_json(levels)).decode())]
    action = [{"rdf:value": {"@id": KEEP_LEVELS}, "refinement": refinement}]
    # Of a policy's duty the assignee is who has to do it (ODRL 2.2 §2.6.4).
    return {"obligation": [{"assignee": assigner, "action": action}]}


def _decimal(text: str) -> dict[str, str]:
    return {"@value": text, "@type": "xsd:decimal"}


def _forbidden(clause: Clause) -> list[str]:
    match clause:
        case NoOnwardSharing():
            return ["distribute"]
        case NoReidentification():
            return [REIDENTIFY]
        case _:
            return []


def _said(left: str, operator: str, right: object) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}
