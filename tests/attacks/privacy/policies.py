"""A made-up town, what is known of its people, and policies: the default ones and weak ones."""

from functools import cache

import pyarrow as pa

from torvet import privacy
from torvet.privacy import Hierarchy, KAnonymity, LDiversity
from torvet.privacy.attacks import secrets
from torvet.privacy.presets import preset

HOUSEHOLDS = preset("households")
SENSITIVE = ("illness", "income_kr")
KNOWN = {
    "age": Hierarchy.intervals(0, 100, (5, 10, 50)),
    "sex": Hierarchy.from_paths([("f", "*"), ("m", "*")]),
    "postcode": Hierarchy.prefix(4),
    "schooling": Hierarchy.from_paths(
        [
            *((each, "school", "*") for each in ("primary", "secondary", "vocational")),
            *((each, "university", "*") for each in ("bachelor", "master")),
        ]
    ),
}


@cache
def people(seed=1):
    return secrets.town(seed).people


def pseudonymised(table):
    """What is often called anonymous: the name is gone, and nothing else."""
    return table.drop_columns(["person"])


def recoded(table, *, models=None, **more):
    """The default policy of households: k = 10, two values of what is sensitive, whole columns."""
    asked = models or [KAnonymity(HOUSEHOLDS.k), LDiversity(HOUSEHOLDS.l)]
    return privacy.anonymise(
        table,
        quasi_identifiers=KNOWN,
        sensitive=SENSITIVE,
        identifiers=["person"],
        models=asked,
        **more,
    ).table


@cache
def safe():
    return recoded(people())


def half(table, which):
    """Every other person."""
    return table.take(pa.array(range(which, table.num_rows, 2)))
