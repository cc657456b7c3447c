"""Credit notes over HTTP: what was invoiced is taken back, and what was paid of it goes back."""

from typing import Annotated

from fastapi import APIRouter, Depends

from torvet.parties import Caller, Scope
from torvet.parties.signin import acting
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from .invoices.api import IdPath
from .invoices.forms import CreditForm, IssuedForm
from .payments import give_back_by_hand

router = APIRouter(prefix="/api", tags=["invoices"])


@router.post(
    "/invoices/{invoice_id}/credit-notes",
    status_code=201,
    responses=problems_of(400, 401, 403, 404, 409, 422),
)
def take_back(
    invoice_id: IdPath,
    form: CreditForm,
    parts: TheParts,
    operator: Annotated[Caller, Depends(acting(Scope.OPERATE))],
) -> IssuedForm:
    """Take back an invoice, all of it or a part, by a credit note: as the operator.

    What was paid of that is held again, or ordered back to the card or by transfer.
    """
    given = give_back_by_hand(
        parts,
        operator,
        invoice_id,
        part=None if form.part is None else form.part.money,
        contract=form.contract,
        reason=form.reason,
        key=form.key,
    )
    return IssuedForm.of(given.note)
