"""The fields of a form that is too long to be spelt out as the arguments of its route."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from torvet.kit.entered import Entered

FIELDS_MAX = 5_000
_TOO_LARGE = 413


async def _entered(request: Request) -> Entered:
    sent = await request.form(max_files=0, max_fields=FIELDS_MAX)
    fields: dict[str, tuple[str, ...]] = {}
    pairs = sent.multi_items()
    if len(pairs) > FIELDS_MAX:
        raise HTTPException(_TOO_LARGE, f"The form has more than {FIELDS_MAX} fields.")
    for name, value in pairs:
        if isinstance(value, str):
            fields[name] = (*fields.get(name, ()), value)
    return Entered(fields)


TheFields = Annotated[Entered, Depends(_entered)]
