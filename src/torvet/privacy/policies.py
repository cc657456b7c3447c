"""A privacy policy: what a provider decides about the columns of a dataset, as a value.

A policy is JSON that people edit, so it is read with all its faults named at once. What it asks
for is checked again by those who do it; what is checked here is that it is a policy at all, and
that it asks for no less than the operator allows (`Floor`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Self

from .certificates import figure
from .classification.model import Role
from .errors import PolicyInvalid

REASON_CHARACTERS_MIN = 10
COLUMNS_MAX = 1_000
CHARACTERS_MAX = 1_000_000
STEPS_MAX = 20
HIERARCHY_KINDS = ("intervals", "prefix", "calendar", "geo", "table", "flat")
MODEL_KINDS = ("k-anonymity", "l-diversity", "t-closeness")
METRICS = ("loss", "discernibility", "entropy")
RECODINGS = ("full-domain", "mondrian")
TOTALS_METHODS = ("suppress", "merge-up")


class Treatment(StrEnum):
    """What is done with the rows before anybody gets them."""

    AS_IS = "as-is"
    ANONYMISE = "anonymise"
    AGGREGATE = "aggregate"
    ANSWERS = "answers"


class Ground(StrEnum):
    """Why rows about people may leave as they are."""

    CONSENT = "consent"
    """Everyone whom rows are about agreed (GDPR article 6(1)(a))."""
    LAW = "law"
    """An act says that they are to be public; `reference` names act and paragraph."""
    NOT_PERSONAL = "not-personal"
    """The provider knows better than the classification; `reason` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """On what ground rows leave as they are. It stands in the log and in the certificate."""

    ground: Ground
    reference: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"ground": self.ground.value, "reference": self.reference, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymisation:
    """How rows become coarser; hierarchies and models are specifications in JSON."""

    hierarchies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Sequence[Mapping[str, Any]] = ({"kind": "k-anonymity", "k": 5},)
    suppression_limit: float = 0.05
    metric: Literal["loss", "discernibility", "entropy"] = "loss"
    recoding: Literal["full-domain", "mondrian"] = "full-domain"

    @property
    def k(self) -> int:
        """Return the k that is asked for, 1 where none is."""
        return max(
            (int(it["k"]) for it in self.models if it.get("kind") == "k-anonymity"), default=1
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "hierarchies": {name: dict(it) for name, it in self.hierarchies.items()},
            "models": [dict(it) for it in self.models],
            "suppression_limit": self.suppression_limit,
            "metric": self.metric,
            "recoding": self.recoding,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What an operator demands of every policy: less is refused."""

    k: int = 3
    contributors: int = 3
    suppression: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is done with a dataset's rows, and the role of each of its columns.

    `because` says of a column why it is less personal than the classification finds it.
    `beside` says why exact figures and answers with noise are both let out, where they are.
    `aggregate` and `answers` are read by those who do them.
    """

    treatment: Treatment
    roles: Mapping[str, Role]
    preset: str = ""
    because: Mapping[str, str] = field(default_factory=dict)
    beside: str = ""
    basis: Basis | None = None
    anonymise: Anonymisation | None = None
    aggregate: Mapping[str, Any] | None = None
    answers: Mapping[str, Any] | None = None

    def named(self, role: Role) -> tuple[str, ...]:
        """Return the columns of one role."""
        return tuple(name for name, it in self.roles.items() if it is role)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, what does not apply left out."""
        held: dict[str, Any] = {
            "preset": self.preset,
            "treatment": self.treatment.value,
            "roles": {name: role.value for name, role in self.roles.items()},
        }
        if self.because:
            held["because"] = dict(self.because)
        if self.beside:
            held["beside"] = self.beside
        if self.basis is not None:
            held["basis"] = self.basis.to_json()
        if self.anonymise is not None:
            held["anonymise"] = self.anonymise.to_json()
        for name in ("aggregate", "answers"):
            if (spec := getattr(self, name)) is not None:
                held[name] = dict(spec)
        return held

    @classmethod
    def from_json(cls, held: Mapping[str, Any], floor: Floor | None = None) -> Self:
        """Read a policy; raise PolicyInvalid with every fault that it has."""
        faults = list(_faults(held, floor or Floor()))
        if faults:
            raise PolicyInvalid(tuple(faults))
        return cls.trusted(held)

    @classmethod
    def trusted(cls, held: Mapping[str, Any]) -> Self:
        """Read a policy that was checked when it was set."""
        basis, anonymise = held.get("basis"), held.get("anonymise")
        return cls(
            treatment=Treatment(held["treatment"]),
            roles={name: Role(role) for name, role in held["roles"].items()},
            preset=str(held.get("preset", "")),
            because=dict(held.get("because") or {}),
            beside=str(held.get("beside") or ""),
            basis=_basis(basis) if basis else None,
            anonymise=_anonymisation(anonymise) if anonymise else None,
            aggregate=held.get("aggregate"),
            answers=held.get("answers"),
        )


def _basis(held: Mapping[str, Any]) -> Basis:
    return Basis(ground=Ground(held["ground"]), reference=held["reference"], reason=held["reason"])


def _anonymisation(held: Mapping[str, Any]) -> Anonymisation:
    return Anonymisation(
        hierarchies=held["hierarchies"],
        models=tuple(held["models"]),
        suppression_limit=figure(held.get("suppression_limit", 0.05)),
        metric=held.get("metric", "loss"),
        recoding=held.get("recoding", "full-domain"),
    )


def _faults(held: Any, floor: Floor) -> Sequence[str]:
    """Name what keeps `held` from being a policy: its frame first, then its parts."""
    if not isinstance(held, Mapping):
        return ["it is no JSON object"]
    written = json.dumps(held)
    if len(written) > CHARACTERS_MAX or "\\u0000" in written:
        return [f"it is longer than {CHARACTERS_MAX:,} characters, or holds a NUL"]
    if not _one_of(Treatment, held.get("treatment")):
        return [f"`treatment` is one of {', '.join(Treatment)}"]
    found = [*_role_faults(held), *_basis_faults(held), *_treatment_faults(held, floor)]
    if held.get("beside") and not _reason(held["beside"]):
        found.append(f"`beside` says why, in at least {REASON_CHARACTERS_MIN} characters")
    return found


def _role_faults(held: Mapping[str, Any]) -> Sequence[str]:
    roles = held.get("roles")
    if not isinstance(roles, Mapping) or len(roles) > COLUMNS_MAX:
        return ["`roles` gives each column its role"]
    found = [
        f"the role of {name!r} is one of {', '.join(Role)}, not {role!r}"
        for name, role in roles.items()
        if not _one_of(Role, role)
    ]
    because = held.get("because") or {}
    if not isinstance(because, Mapping):
        return [*found, "`because` gives columns a reason"]
    return found + [
        f"`because` of {name!r} says why, in at least {REASON_CHARACTERS_MIN} characters"
        for name, why in because.items()
        if not _reason(why)
    ]


def _basis_faults(held: Mapping[str, Any]) -> Sequence[str]:
    basis = held.get("basis")
    if basis is None:
        return []
    if not isinstance(basis, Mapping) or not _one_of(Ground, basis.get("ground")):
        return [f"`basis.ground` is one of {', '.join(Ground)}"]
    found = []
    if not _reason(basis.get("reason")):
        found.append(f"`basis.reason` says why, in at least {REASON_CHARACTERS_MIN} characters")
    if not isinstance(basis.get("reference"), str) or not basis["reference"].strip():
        found.append("`basis.reference` names the act, the consent or the document")
    if held["treatment"] != Treatment.AS_IS:
        found.append("`basis` belongs to the treatment as-is, and to no other")
    return found


def _reason(text: Any) -> bool:
    return isinstance(text, str) and len(text.strip()) >= REASON_CHARACTERS_MIN


def _treatment_faults(held: Mapping[str, Any], floor: Floor) -> Sequence[str]:
    name = {Treatment.AS_IS: None}.get(held["treatment"], held["treatment"])
    if name is None:
        return []
    spec = held.get(name)
    if not isinstance(spec, Mapping):
        return [f"the treatment {name} needs its part `{name}`"]
    match name:
        case Treatment.ANONYMISE:
            return _anonymise_faults(spec, held.get("roles") or {}, floor)
        case Treatment.AGGREGATE:
            return _aggregate_faults(spec, held.get("roles") or {}, floor)
        case _:
            return []


def _anonymise_faults(
    spec: Mapping[str, Any], roles: Mapping[str, Any], floor: Floor
) -> Sequence[str]:
    known, found = spec.get("hierarchies"), []
    if not isinstance(known, Mapping):
        return ["`anonymise.hierarchies` gives each quasi-identifier its hierarchy"]
    quasi = [name for name, role in roles.items() if role == Role.QUASI_IDENTIFIER]
    found += [f"quasi-identifier {name!r} has no hierarchy" for name in quasi if name not in known]
    found += [
        f"{name!r} has a hierarchy and is no quasi-identifier"
        for name in known
        if name not in quasi
    ]
    found += [
        f"the hierarchy of {name!r} is of a kind {', '.join(HIERARCHY_KINDS)}"
        for name, it in known.items()
        if not isinstance(it, Mapping) or it.get("kind") not in HIERARCHY_KINDS
    ]
    found += [
        f"the hierarchy of {name!r} has more than {STEPS_MAX} steps"
        for name, it in known.items()
        if isinstance(it, Mapping) and not _few_steps(it)
    ]
    if not quasi:
        found.append("nothing is a quasi-identifier: there is nothing to anonymise by")
    found += _model_faults(spec.get("models"), floor)
    limit = spec.get("suppression_limit", 0.05)
    if not _number(limit) or not 0 <= figure(limit) <= floor.suppression:
        found.append(f"`suppression_limit` lies between 0 and {floor.suppression:g}")
    if spec.get("metric", "loss") not in METRICS:
        found.append(f"`metric` is one of {', '.join(METRICS)}")
    if spec.get("recoding", "full-domain") not in RECODINGS:
        found.append(f"`recoding` is one of {', '.join(RECODINGS)}")
    return found


def _few_steps(spec: Mapping[str, Any]) -> bool:
    lists = [spec.get(name) for name in ("widths", "steps", "resolutions")]
    length = spec.get("length", 1)
    few = isinstance(length, int) and 0 < length <= STEPS_MAX
    return few and all(len(it) <= STEPS_MAX for it in lists if isinstance(it, list))


def _model_faults(models: Any, floor: Floor) -> Sequence[str]:
    if not isinstance(models, Sequence) or isinstance(models, str) or not models:
        return ["`anonymise.models` lists what every class must keep"]
    known = [it for it in models if isinstance(it, Mapping) and it.get("kind") in MODEL_KINDS]
    found = [] if len(known) == len(models) else [f"a model is one of {', '.join(MODEL_KINDS)}"]
    ks = [it.get("k") for it in known if it["kind"] == "k-anonymity"]
    if not ks or not all(isinstance(k, int) and k >= floor.k for k in ks):
        found.append(f"k-anonymity is asked for, with a k of at least {floor.k}")
    return found


def _aggregate_faults(
    spec: Mapping[str, Any], roles: Mapping[str, Any], floor: Floor
) -> Sequence[str]:
    found = [
        f"`aggregate.{name}` names {what}"
        for name, what in (("by", "columns"), ("value", "a column"), ("unit", "a column"))
        if not spec.get(name)
    ]
    given = spec.get("by")
    by: list[Any] = given if isinstance(given, list) else []
    named = [*by, spec.get("value"), spec.get("unit")]
    if not all(isinstance(name, str) for name in named):
        return [*found, "`aggregate` names its columns by texts"]
    found += [f"column {name!r} has no role" for name in named if name not in roles]
    found += [
        f"{name!r} is an identifier: cells are by what many share"
        for name in by
        if roles.get(name) == Role.IDENTIFIER
    ]
    rules = spec.get("rules")
    if not isinstance(rules, Sequence) or not all(isinstance(it, Mapping) for it in rules or ()):
        return [*found, "`aggregate.rules` lists the rules that every cell keeps"]
    least = [it.get("n") for it in rules if it.get("kind") == "min-contributors"]
    if not least or not all(isinstance(n, int) and n >= floor.contributors for n in least):
        found.append(f"the rule min-contributors is asked for, with at least {floor.contributors}")
    return [*found, *_totals_faults(spec.get("totals"), by)]


def _totals_faults(spec: Any, by: Sequence[str]) -> Sequence[str]:
    if spec is None:
        return []
    over = spec.get("hierarchies") if isinstance(spec, Mapping) else None
    if not isinstance(over, Mapping) or not over or not set(over) <= set(by):
        return [
            "`aggregate.totals.hierarchies` gives columns of `by` the hierarchy of their totals"
        ]
    found = [
        f"the hierarchy of {name!r} is of a kind {', '.join(HIERARCHY_KINDS)}"
        for name, it in over.items()
        if not isinstance(it, Mapping) or it.get("kind") not in HIERARCHY_KINDS
    ]
    protection = spec.get("protection", 0.1)
    if not _number(protection) or not 0 < figure(protection) <= 1:
        found.append("`aggregate.totals.protection` is a share above 0, up to 1")
    if spec.get("method", "suppress") not in TOTALS_METHODS:
        found.append(f"`aggregate.totals.method` is one of {', '.join(TOTALS_METHODS)}")
    elif spec.get("method") == "merge-up" and len(over) > 1:
        found.append("merging up goes along one hierarchy")
    return found


def _one_of(choices: type[StrEnum], value: Any) -> bool:
    return isinstance(value, str) and value in set(choices)


def _number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        figure(value)
    except (TypeError, ValueError):
        return False
    return True
