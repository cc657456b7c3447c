"""Who plays in the story: three providers, a start-up and a citizen. All of them are invented."""

import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation of the story."""

    slug: str
    name: str
    kind: Literal["public", "private", "research"]
    cvr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of the story, who signs in with e-mail and password."""

    key: str
    name: str
    email: str
    organisation: Organisation | None = None
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))


@cache
def people() -> tuple[Person, ...]:
    """Return the cast, with passwords drawn once for this run."""
    return (
        Person(
            key="city",
            name="Alma Andersen",
            email="alma@aarhus.example",
            organisation=Organisation(
                slug="aarhus", name="City of Aarhus", kind="public", cvr="55133018"
            ),
        ),
        Person(
            key="heat",
            name="Hedda Holm",
            email="hedda@fjernvarme.example",
            organisation=Organisation(
                slug="midtby-fjernvarme",
                name="Midtby Fjernvarme A/S",
                kind="private",
                cvr="20000007",
            ),
        ),
        Person(
            key="tso",
            name="Tove Thomsen",
            email="tove@eltransmission.example",
            organisation=Organisation(
                slug="eltransmission", name="Eltransmission Danmark", kind="public", cvr="30000005"
            ),
        ),
        Person(
            key="startup",
            name="Bo Berg",
            email="bo@groenrute.example",
            organisation=Organisation(
                slug="groen-rute", name="Grøn Rute ApS", kind="private", cvr="40000011"
            ),
        ),
        Person(key="citizen", name="Carla Christensen", email="carla@borger.example"),
        Person(key="operator", name="Olga Olsen", email="olga@torvet.example"),
    )


def person(key: str) -> Person:
    """Return the person that `key` names."""
    return next(one for one in people() if one.key == key)
