"""A release beside those that its dataset had before: what they tell together is judged too.

Releases that were made alike follow each other class by class (decisions/0127); those that were
made in another way are laid over each other (decisions/0129).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from torvet.ingest import Column, Source, SourceId
from torvet.ingest import source as source_of
from torvet.ports.parts import Parts
from torvet.privacy import (
    Certificate,
    Made,
    Policy,
    PolicyFailed,
    Role,
    Treatment,
    certificate_of,
    overlaid,
    totals_over,
)

from . import store
from .local_files import brought, on_this_machine, paths_of
from .model import Dataset

_SHOWN = (Treatment.ANONYMISE, Treatment.AGGREGATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A release that the dataset has: its certificate, what it was made of, and its columns."""

    number: int
    certificate: Certificate
    sources: tuple[Source, ...]
    columns: tuple[Column, ...]

    @property
    def treatment(self) -> str:
        """Return what was done with its rows."""
        return self.certificate.treatment


def releases_before(tx: Connection, dataset: Dataset, newest: int) -> tuple[Earlier, ...]:
    """Return all releases that have a certificate, the newest first."""
    found = []
    for number in range(newest, 0, -1):
        if (made := certificate_of(tx, dataset.id, number)) is None:
            continue
        release = store.release(tx, dataset.id, number)
        certificate = made.certificate
        treated = certificate.treatment in _SHOWN
        sources = [source_of(tx, SourceId(it)) for it in release.sources] if treated else []
        found.append(
            Earlier(
                number=number,
                certificate=certificate,
                sources=tuple(sources),
                columns=release.columns,
            )
        )
    return tuple(found)


def alike(it: Earlier, policy: Policy) -> bool:
    """Say whether a release has the classes, or cells, that `policy` makes: others overlap them."""
    if it.treatment != policy.treatment:
        return False
    was = Policy.trusted(it.certificate.policy)
    match policy.treatment:
        case Treatment.ANONYMISE:
            assert was.anonymise is not None
            assert policy.anonymise is not None
            return (
                was.anonymise.hierarchies == policy.anonymise.hierarchies
                and was.anonymise.recoding == policy.anonymise.recoding
            )
        case Treatment.AGGREGATE:
            before, now = was.aggregate or {}, policy.aggregate or {}
            return all(before.get(it) == now.get(it) for it in ("by", "value")) and (
                totals_over(before) == totals_over(now)
            )
        case _:
            return False


def released(parts: Parts, dataset: Dataset, it: Earlier, folder: Path) -> list[str]:
    """Return the files of an earlier release, on this machine."""
    uris = parts.tables.file_uris(dataset.table, it.number)
    if (paths := on_this_machine(uris)) is not None:
        return paths
    target = folder / f"release-{it.number}.parquet"
    return [str(brought(parts, uris, it.columns, target))]


def judged(
    parts: Parts, dataset: Dataset, new: Made, unlike: Sequence[Earlier], folder: Path
) -> tuple[str, ...]:
    """Return what a reader of `new` is told of releases made otherwise.

    Raises PolicyFailed where they tell more together than the policy lets out.
    """
    found = overlaid(
        new,
        [_made(parts, dataset, it, folder) for it in unlike if it.treatment in _SHOWN],
    )
    if found.objections:
        raise PolicyFailed(found.objections)
    return (*found.remarks, *_as_they_were(new.policy, unlike))


def said_of_answers(policy: Policy, releases: Sequence[Earlier]) -> tuple[str, ...]:
    """Return what a budget does not bound, where exact figures and answers are both let out.

    Raises PolicyFailed where the policy does not say why they are: decisions/0170.
    """
    if policy.treatment is Treatment.ANSWERS:
        others = [it for it in releases if it.treatment in _SHOWN or _as_it_was(policy, it)]
        unsaid = "release {} shows exact figures of these people, which no budget bounds"
    else:
        others = [it for it in releases if it.treatment == Treatment.ANSWERS]
        unsaid = "release {} gives answers within a budget, and exact figures beside it keep none"
    if not others:
        return ()
    numbers = ", ".join(str(it.number) for it in reversed(others))
    if not policy.beside:
        why = f"{unsaid.format(numbers)}: `beside` has to say why both are let out"
        raise PolicyFailed((why,))
    words = (
        f"Exact figures of these people and answers about them are both out (release {numbers} and"
        " this one): the budget bounds what answers tell, and not what both tell together. Its"
        f" provider says why: {policy.beside}"
    )
    return (words,)


def _as_it_was(policy: Policy, it: Earlier) -> bool:
    """Say whether a release shows, as it was delivered, what `policy` says tells of people.

    On a ground that was named, or because nothing in it named anybody then.
    """
    telling = {name for name, role in policy.roles.items() if role is not Role.PUBLIC}
    return it.treatment == Treatment.AS_IS and not telling.isdisjoint(
        column.name for column in it.columns
    )


def _made(parts: Parts, dataset: Dataset, it: Earlier, folder: Path) -> Made:
    target = folder / f"delivered-{it.number}.parquet"
    return Made(
        number=it.number,
        policy=Policy.trusted(it.certificate.policy),
        transformation=it.certificate.transformation,
        delivered=paths_of(parts, it.sources, it.sources[0].columns, target),
        released=released(parts, dataset, it, folder),
        sources=frozenset(one.id for one in it.sources),
    )


def _as_they_were(policy: Policy, unlike: Sequence[Earlier]) -> tuple[str, ...]:
    """Say which releases show as they were delivered what is made safe now."""
    numbers = [str(it.number) for it in reversed(unlike) if _as_it_was(policy, it)]
    if not numbers:
        return ()
    words = (
        f"Release {', '.join(numbers)} shows columns of these as they were delivered: whoever has"
        " it is not held back by what is said here."
    )
    return (words,)
