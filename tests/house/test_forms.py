"""What a page's form sends is read: FastAPI takes a bare field for a query, and then for nothing."""

from torvet.server import ROUTERS

ASKED_IN_THE_ADDRESS = {"/billing/profile": {"house"}}
"""Whose details they are stands in the address of the page, and of its form."""


def test_every_field_of_a_form_is_read_from_its_body():
    left_out = {
        route.path: names
        for router in ROUTERS
        for route in router.routes
        if "POST" in (getattr(route, "methods", None) or ()) and not route.include_in_schema
        if (names := {param.name for param in route.dependant.query_params})
    }

    assert left_out == ASKED_IN_THE_ADDRESS
