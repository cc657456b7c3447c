"""What a page's form does is done for whose it is: every form is sent on what belongs to others.

The forms are those that the application has, so that a new one is tried without being named here.
"""

import re

import pytest
from pydantic import BaseModel

from torvet.server import application

from .test_strangers import STRANGER, ids_of

TYPED = {
    "vote": "yes", "kind": "promise", "amount": "5", "price": "5 DKK", "deliver_by": "2027-01-01",
    "purpose": "ResearchAndDevelopment", "seen": "0" * 64, "about": "service", "means": "cost",
    "outcome": "rejected", "begins_at": "2026-12-01T00:00", "ends_at": "2026-12-02T00:00",
    "begins": "2026-12-01T00:00", "ends": "2026-12-02T00:00", "step": "make", "title": "Mine",
    "period_start": "2026-01-01", "period_end": "2026-02-01", "pay_on": "2026-12-01",
    "month": "2026-01", "currency": "DKK", "shown": "named", "portion": "10", "link": "",
}  # fmt: skip
"""What a field has to say to be read at all; the others take any word."""
REFUSED = {401, 403, 404}
HEADERS = {"Accept": "text/html", "Origin": "http://testserver"}


@pytest.fixture(scope="module")
def forms(town):
    """Every form that a page sends about something that has an id, and its fields."""
    return {
        route.path: _fields(route)
        for route in application(town.parts).router.routes
        if "POST" in (getattr(route, "methods", None) or ())
        and not getattr(route, "include_in_schema", True)
        and re.search(r"{\w+}", route.path)
    }


def _fields(route):
    names = []
    for param in route.dependant.body_params:
        asked = param.field_info.annotation
        whole = isinstance(asked, type) and issubclass(asked, BaseModel)
        names += list(asked.model_fields) if whole else [param.alias]
    # A route that reads its fields as they come is sent what any of them may ask for.
    return {name: TYPED.get(name, "1") for name in names or TYPED}


@pytest.mark.parametrize("who", STRANGER)
def test_a_form_about_what_is_somebody_elses_is_answered_as_one_about_nothing(town, forms, who):
    theirs, nobodys = ids_of(town)
    heard = {
        path: [_sent(town.people[who], path, fields, ids) for ids in (theirs, nobodys)]
        for path, fields in forms.items()
    }

    assert len(forms) > 30
    done = [
        f"{path}: {status}, {re.findall('<h1.*</h1>', said)}"
        for path, ((status, said), _) in heard.items()
        if status not in REFUSED
    ]
    told = [f"{path}: {said}" for path, said in heard.items() if said[0] != said[1]]
    assert (done, told) == ([], [])


def _sent(person, path, fields, ids):
    """Return the status and what was said, without the ids that were asked for."""
    names = re.findall(r"{(\w+)}", path)
    asked = {name: ids.get(name, "zzz") for name in names}
    answer = person.ask("POST", path.format(**asked), data=fields, headers=HEADERS)
    main = re.search(r"<main.*</main>", answer.text, re.DOTALL)
    heard = answer.text if main is None else main[0]
    heard = re.sub(r"share:ct_\w+", "share:<its own>", heard)
    for name in names:
        heard = heard.replace(asked[name], f"<{name}>")
    return answer.status_code, heard
