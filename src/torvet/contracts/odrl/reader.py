"""ODRL policies in: every word is either understood and executed, or the policy is refused.

Ignoring what is not understood would turn a restriction into a permission, so a key, an operand
or an operator that is not known here raises OdrlInvalid with its name.
"""

import json
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    Returned,
    RowFilter,
    RowsPerDay,
    StateBenefit,
    Thanks,
    Validity,
)
from torvet.contracts.errors import OdrlInvalid
from torvet.contracts.levels.model import NO_LEVELS, ServiceLevels
from torvet.contracts.levels.model import from_json as levels_from_json
from torvet.contracts.prices.model import FREE, Price
from torvet.contracts.prices.terms import from_json as price_from_json
from torvet.contracts.terms import in_order, purpose_code
from torvet.kit import filters
from torvet.kit.moments import from_text

from . import writer as odrl

_POLICY_KEYS = frozenset(
    {"@context", "@type", "@id", "uid", "profile", "title", "permission", "prohibition"}
    | {"target", "assigner", "assignee", "obligation"}
)
_RULE_KEYS = frozenset({"@type", "uid", "target", "assigner", "assignee", "action"})
_CONSTRAINT_KEYS = frozenset({"@type", "uid", "leftOperand", "operator", "rightOperand"})
_DAYS = re.compile(r"P([0-9]{1,4})D")
_BYTES_MAX = 256 * 1024
_TITLE_MAX = 200
_TO_PAY = frozenset({"compensate", "pay"})  # `pay` is ODRL 1's word for it
_EQUALS = frozenset({"eq", "isAnyOf", "isA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a policy says, in our own words. `target` and `assigner` are as they stand there."""

    title: str | None
    clauses: tuple[Clause, ...]
    price: Price
    levels: ServiceLevels
    target: str | None
    assigner: str | None

    def check_names(self, *, targets: AbstractSet[str], assigners: AbstractSet[str]) -> None:
        """Raise OdrlInvalid where the policy is about another dataset or in another's name."""
        if self.target is not None and self.target not in targets:
            raise OdrlInvalid("target", f"{self.target[:200]!r} is another dataset")
        if self.assigner is not None and self.assigner not in assigners:
            raise OdrlInvalid("assigner", f"{self.assigner[:200]!r} is not the dataset's provider")


def read(policy: Mapping[str, Any]) -> Policy:
    """Read an Offer, Set or Agreement of one permission to use one dataset."""
    _check_text(policy)
    _check_context(policy.get("@context"))
    _only(policy, _POLICY_KEYS, "policy")
    if policy.get("@type") not in {"Offer", "Set", "Policy", "Agreement"}:
        raise OdrlInvalid("@type", "it is none of Offer, Set, Policy and Agreement")
    if policy.get("profile") not in {None, odrl.PROFILE}:
        raise OdrlInvalid("profile", f"only {odrl.PROFILE} is known here")
    permission = _the_one(policy.get("permission"), "permission")
    _only(permission, _RULE_KEYS | {"constraint", "duty"}, "permission")
    if _word(permission.get("action"), "action") != "use":
        raise OdrlInvalid("action", "a permission here is to “use” the data")
    target, refinements = _target(permission.get("target", policy.get("target")))
    duties = [_duty(duty) for duty in _each(permission.get("duty"), "duty")]
    prices = [duty for duty in duties if isinstance(duty, Price)]
    if len(prices) > 1:
        raise OdrlInvalid("duty", "to pay is said twice")
    clauses = (
        *_constrained(_each(permission.get("constraint"), "constraint")),
        *(_refined(refinement) for refinement in refinements),
        *(duty for duty in duties if not isinstance(duty, Price)),
        *(_forbidden(rule) for rule in _each(policy.get("prohibition"), "prohibition")),
    )
    assigner = _name(permission.get("assigner", policy.get("assigner")), "assigner")
    return Policy(
        title=_text_or_none(policy.get("title"), "title"),
        clauses=in_order(clauses),
        price=prices[0] if prices else FREE,
        levels=_promised(policy.get("obligation"), assigner),
        target=target,
        assigner=assigner,
    )


def _check_text(policy: Mapping[str, Any]) -> None:
    try:
        written = json.dumps(policy, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as wrong:
        raise OdrlInvalid("text", "it holds half a character or is nested too deep") from wrong
    if len(written) > _BYTES_MAX or rb"\u0000" in written:
        raise OdrlInvalid("text", f"it holds a NUL, or more than {_BYTES_MAX:,} bytes")


def _check_context(context: object) -> None:
    """Take the ODRL context and our own prefixes: another one could give words another sense."""
    parts = context if isinstance(context, list) else [context]
    if odrl.ODRL_CONTEXT not in parts:
        raise OdrlInvalid("@context", f"it does not name {odrl.ODRL_CONTEXT}")
    for part in parts:
        ours = isinstance(part, dict) and part.items() <= odrl.PREFIXES.items()
        if part != odrl.ODRL_CONTEXT and not ours:
            raise OdrlInvalid("@context", f"{str(part)[:80]} could give words another sense")


def _constrained(constraints: list[Mapping[str, Any]]) -> list[Clause]:
    start: datetime | None = None
    end: datetime | None = None
    found: list[Clause] = []
    for constraint in constraints:
        left, operator, right = _parts(constraint)
        match left, operator:
            case "dateTime", "gteq" if start is None:
                start = _instant(right)
            case "dateTime", "lt" if end is None:
                end = _instant(right)
            case "dateTime", _:
                raise OdrlInvalid("dateTime", "it stands there once with gteq and once with lt")
            case _:
                found.append(_clause(left, operator, right))
    return found if start is None and end is None else [Validity(start, end), *found]


def _clause(left: str, operator: str, right: object) -> Clause:
    reader = _CONSTRAINTS.get(left)
    if reader is None:
        raise OdrlInvalid(f"constraint {left[:80]!r}", "it is not executed here")
    operators, read_clause = reader
    if operator not in operators:
        wanted = " or ".join(sorted(operators))
        raise OdrlInvalid(left, f"the operator {operator[:40]!r} is not {wanted}")
    return read_clause(right)


def _refined(refinement: Mapping[str, Any]) -> Clause:
    left, operator, right = _parts(refinement)
    if left == odrl.COLUMNS and operator == "isAnyOf":
        return Columns(tuple(_texts(right, left)))
    if left == odrl.ROW_FILTER and operator == "eq" and isinstance(right, str):
        return RowFilter(filters.from_text(right))
    raise OdrlInvalid(f"refinement {left[:80]!r}", "it is not executed here")


def _duty(duty: Mapping[str, Any]) -> Clause | Price:
    _only(duty, frozenset({"@type", "uid", "action"}), "duty")
    action = _the_one(duty.get("action"), "action of the duty")
    _only(action, frozenset({"rdf:value", "refinement"}), "action of the duty")
    word = _word(action.get("rdf:value"), "duty")
    if word in _TO_PAY:
        return _payment(_the_one(action.get("refinement"), "refinement of the duty"))
    said = _said_once(_each(action.get("refinement"), "refinement of the duty"))
    match word, said:
        case "attribute", {odrl.ATTRIBUTION_TEXT: ("eq", str(text)), **more} if not more:
            return Attribution(text)
        case odrl.THANK, {odrl.THANKS_TEXT: ("eq", str(text)), **more} if not more:
            return Thanks(text)
        case "inform", {odrl.BENEFIT: ("eq", True), "elapsedTime": ("lteq", span), **more} if (
            not more
        ):
            return StateBenefit(_days(span))
        case odrl.GIVE_BACK, {
            odrl.RETURNED: ("eq", ("dataset" | "results") as what),
            odrl.RETURNED_TEXT: ("eq", str(text)),
            "elapsedTime": ("lteq", span),
            **more,
        } if not more:
            return GiveBack(Returned(what), _days(span), text)
    raise OdrlInvalid(
        "duty", f"{word[:40]!r} with {', '.join(sorted(said))[:80] or 'nothing'} is not known here"
    )


def _said_once(refinements: list[Mapping[str, Any]]) -> dict[str, tuple[str, object]]:
    """Return what refinements say by their left operand; raise where one stands there twice."""
    said: dict[str, tuple[str, object]] = {}
    for refinement in refinements:
        left, operator, right = _parts(refinement)
        if left in said:
            raise OdrlInvalid(f"refinement {left[:80]!r}", "it stands there twice")
        said[left] = (operator, right)
    return said


def _days(span: object) -> int:
    """Read an xsd:duration of whole days."""
    match span:
        case str(text) | {"@value": str(text), "@type": "xsd:duration"} if found := _DAYS.fullmatch(
            text
        ):
            return int(found[1])
    raise OdrlInvalid("elapsedTime", "it is no xsd:duration of whole days, such as P90D")


def _payment(refinement: Mapping[str, Any]) -> Price:
    """Read one amount that is paid once, or a price as the profile writes it."""
    unit = _name(refinement.get("unit"), "unit of the duty")
    left, operator, right = _parts({k: v for k, v in refinement.items() if k != "unit"})
    match left, operator, right:
        case odrl.PRICE, "eq", str(text) if unit is None:
            try:
                return price_from_json(json.loads(text))
            except (ValueError, RecursionError) as wrong:
                raise OdrlInvalid("duty", f"its {odrl.PRICE} is no JSON") from wrong
        case "payAmount", "eq", (str(amount) | {"@value": str(amount), "@type": "xsd:decimal"}) if (
            unit is not None
        ):
            currency = unit.removeprefix(odrl.CURRENCY)
            return price_from_json(
                {"rates": [{"rate": "one-off", "amount": f"{amount} {currency}"}]}
            )
    raise OdrlInvalid(
        "duty", f"to pay is said by payAmount eq, with a currency as its unit, or by {odrl.PRICE}"
    )


def _promised(obligation: object, assigner: str | None) -> ServiceLevels:
    """Read what the assigner has to keep: the one obligation that is executed here."""
    if obligation is None:
        return NO_LEVELS
    duty = _the_one(obligation, "obligation")
    _only(duty, frozenset({"@type", "uid", "assignee", "action"}), "obligation")
    if _name(duty.get("assignee"), "assignee of the obligation") not in {None, assigner}:
        raise OdrlInvalid("obligation", "only the assigner has to keep service levels")
    action = _the_one(duty.get("action"), "action of the obligation")
    _only(action, frozenset({"rdf:value", "refinement"}), "action of the obligation")
    if _word(action.get("rdf:value"), "obligation") != odrl.KEEP_LEVELS:
        raise OdrlInvalid("obligation", f"only {odrl.KEEP_LEVELS} is known here")
    left, operator, right = _parts(
        _the_one(action.get("refinement"), "refinement of the obligation")
    )
    if (left, operator) != (odrl.LEVELS, "eq") or not isinstance(right, str):
        raise OdrlInvalid(f"refinement {left[:80]!r}", f"{odrl.LEVELS} is wanted")
    try:
        return levels_from_json(json.loads(right))
    except (ValueError, RecursionError) as wrong:
        raise OdrlInvalid("obligation", f"its {odrl.LEVELS} is no JSON") from wrong


def _forbidden(rule: Mapping[str, Any]) -> Clause:
    _only(rule, _RULE_KEYS, "prohibition")
    match _word(rule.get("action"), "action of the prohibition"):
        case "distribute":
            return NoOnwardSharing()
        case odrl.REIDENTIFY:
            return NoReidentification()
        case other:
            raise OdrlInvalid(f"prohibition {other[:80]!r}", "it is not executed here")


def _target(target: object) -> tuple[str | None, list[Mapping[str, Any]]]:
    if isinstance(target, Mapping) and "refinement" in target:
        _only(target, frozenset({"@type", "source", "refinement", "uid"}), "target")
        refinements = _each(target["refinement"], "refinement")
        return _name(target.get("source"), "source"), refinements
    return _name(target, "target"), []


def _parts(constraint: Mapping[str, Any]) -> tuple[str, str, object]:
    _only(constraint, _CONSTRAINT_KEYS, "constraint")
    left = _word(constraint.get("leftOperand"), "leftOperand")
    operator = _word(constraint.get("operator"), f"operator of {left[:40]}")
    return left, operator, constraint.get("rightOperand")


def _only(found: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in found:
        if key not in known:
            raise OdrlInvalid(f"{where} key {key[:80]!r}", "it is not executed here")


def _each(value: object, term: str) -> list[Mapping[str, Any]]:
    values = [] if value is None else value if isinstance(value, list) else [value]
    for item in values:
        if not isinstance(item, Mapping):
            raise OdrlInvalid(term, "it is no object")
    return list(values)


def _the_one(value: object, term: str) -> Mapping[str, Any]:
    values = _each(value, term)
    if len(values) != 1:
        raise OdrlInvalid(term, f"there are {len(values)}, and one is wanted")
    return values[0]


def _word(value: object, term: str) -> str:
    """Return a term of a vocabulary, `odrl:` left off."""
    text = value.get("@id") if isinstance(value, Mapping) and len(value) == 1 else value
    if not isinstance(text, str):
        raise OdrlInvalid(term, "it is missing or no term")
    return text.removeprefix("http://www.w3.org/ns/odrl/2/").removeprefix("odrl:")


def _name(value: object, term: str) -> str | None:
    match value:
        case None | str():
            return value
        case {"uid": str(name), **more} | {"@id": str(name), **more} if not more:
            return name
        case _:
            raise OdrlInvalid(term, "it is no address (uid)")


def _text_or_none(value: object, term: str) -> str | None:
    if value is None or (isinstance(value, str) and 0 < len(value.strip()) <= _TITLE_MAX):
        return value
    raise OdrlInvalid(term, f"it is no text of 1 to {_TITLE_MAX} characters")


def _texts(value: object, term: str) -> list[str]:
    given = value if isinstance(value, list) else [value]
    texts = [item for item in given if isinstance(item, str)]
    if len(texts) != len(given):
        raise OdrlInvalid(term, "its rightOperand is no list of texts")
    return texts


def _instant(value: object) -> datetime:
    match value:
        case str(text) | {"@value": str(text), "@type": "xsd:dateTime"}:
            pass
        case _:
            raise OdrlInvalid("dateTime", "its rightOperand is no xsd:dateTime")
    try:
        return from_text(text)
    except (ValueError, OverflowError) as wrong:
        raise OdrlInvalid("dateTime", f"{text[:40]!r} is no instant with a time zone") from wrong


def _purposes(right: object) -> Clause:
    values = right if isinstance(right, list) else [right]
    return Purposes(tuple(purpose_code(_word(value, "purpose")) for value in values))


def _whole(right: object, term: str) -> int:
    number = right.get("@value") if isinstance(right, Mapping) and "@value" in right else right
    if isinstance(number, bool) or not isinstance(number, int):
        raise OdrlInvalid(term, "its rightOperand is no whole number")
    return number


def _answers(right: object) -> Clause:
    if _word(right, odrl.DELIVERY) != odrl.ANSWERS:
        raise OdrlInvalid(odrl.DELIVERY, f"only {odrl.ANSWERS} is known here")
    return Answers()


_AT_MOST = frozenset({"lteq"})
_CONSTRAINTS: Mapping[str, tuple[frozenset[str], Callable[[object], Clause]]] = {
    "purpose": (_EQUALS, _purposes),
    "spatial": (_EQUALS, lambda right: Regions(tuple(_texts(right, "spatial")))),
    odrl.DELIVERY: (frozenset({"eq"}), _answers),
    odrl.ROWS_PER_DAY: (_AT_MOST, lambda right: RowsPerDay(_whole(right, odrl.ROWS_PER_DAY))),
    odrl.REQUESTS_PER_MINUTE: (
        _AT_MOST,
        lambda right: RequestsPerMinute(_whole(right, odrl.REQUESTS_PER_MINUTE)),
    ),
}
