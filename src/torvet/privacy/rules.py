"""Whether a policy covers a table as it was found: decided from values alone."""

from collections.abc import Iterator

from .classification.model import PERSONAL, Classification, Role, Verdict
from .policies import Basis, Ground, Policy, Treatment

PROVEN = frozenset({"cpr", "account", "meter"})
"""Kinds whose check digits prove what they are, where the evidence says that they do."""

_WEIGHT = {
    Role.PUBLIC: 0,
    Role.SENSITIVE: 1,
    Role.QUASI_IDENTIFIER: 1,
    Role.IDENTIFIER: 2,
}


def objections(policy: Policy | None, found: Classification) -> tuple[str, ...]:
    """Name everything that keeps a table classified as `found` from being treated by `policy`.

    Without personal columns nothing does, and no policy is needed. With them there has to be a
    policy that knows every column; that calls none less personal than it was found to be without
    saying why; and that lets rows go as they are only on a ground that is named. What check
    digits prove to be somebody's number is never called anything else.
    """
    if policy is None:
        return () if not found.personal else ("there is no policy",)
    if policy.treatment is Treatment.AS_IS:
        return tuple(_as_is(policy, found))
    return (*_columns(policy, found), *_lowered(policy, found))


def _columns(policy: Policy, found: Classification) -> Iterator[str]:
    there = {verdict.column for verdict in found.verdicts}
    for name in there - set(policy.roles):
        yield f"the policy says nothing about column {name!r}"
    for name, role in policy.roles.items():
        if name not in there and role is not Role.PUBLIC:
            yield f"column {name!r} of the policy is not in the file"


def _lowered(policy: Policy, found: Classification) -> Iterator[str]:
    for verdict in found.verdicts:
        role = policy.roles.get(verdict.column)
        if role is None or _WEIGHT[role] >= _WEIGHT[verdict.role]:
            continue
        if proven(verdict):
            yield f"column {verdict.column!r} is an identifier: {verdict.evidence[-1]}"
        elif verdict.column not in policy.because:
            yield (
                f"column {verdict.column!r} was found to be {_article(verdict.role)}"
                f" ({verdict.evidence[0]}); `because` has to say why it is not"
            )


def _as_is(policy: Policy, found: Classification) -> Iterator[str]:
    if not found.personal:
        return
    if policy.basis is None:
        named = ", ".join(repr(name) for name in found.personal_columns)
        yield f"{named} tell of people; as it is, it may leave only on a `basis` that is named"
        return
    yield from _not_personal(policy.basis, found)
    known = set(policy.roles)
    for verdict in found.verdicts:
        if verdict.role in PERSONAL and verdict.column not in known:
            yield f"the policy says nothing about column {verdict.column!r}, which tells of people"


def _not_personal(basis: Basis, found: Classification) -> Iterator[str]:
    if basis.ground is not Ground.NOT_PERSONAL:
        return
    for verdict in found.verdicts:
        if proven(verdict):
            yield (
                f"column {verdict.column!r} is personal, whatever is said: {verdict.evidence[-1]}"
            )


def proven(verdict: Verdict) -> bool:
    """Say whether check digits prove that a column holds people's numbers."""
    return verdict.kind in PROVEN and any(
        "check digit" in said or "modulus" in said for said in verdict.evidence
    )


def lowered(policy: Policy, found: Classification) -> tuple[str, ...]:
    """Return, in sentences, where the provider knows better than the classification."""
    return tuple(
        f"The provider says that {verdict.column!r} is {_article(policy.roles[verdict.column])}"
        f" ({policy.because[verdict.column]}); it was found to be {_article(verdict.role)}."
        for verdict in found.verdicts
        if verdict.column in policy.because
        and verdict.column in policy.roles
        and _WEIGHT[policy.roles[verdict.column]] < _WEIGHT[verdict.role]
    )


def _article(role: Role) -> str:
    match role:
        case Role.IDENTIFIER:
            return "an identifier"
        case Role.QUASI_IDENTIFIER:
            return "a quasi-identifier"
        case _:
            return role.value
