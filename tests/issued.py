"""Every invoice that any test issues goes through the official rules, whatever the test is about."""

from sqlalchemy import text

from torvet.billing.invoices.ubl import to_ubl
from torvet.billing.invoices.ubl_reader import from_ubl


def hold_the_rules(db):
    """Fail where a document in `db` breaks a rule, or does not read back to the byte."""
    with db.connect() as tx:
        if tx.scalar(text("select to_regclass('invoices')")) is None:
            return
        documents = tx.execute(text("select number, document from invoices order by id")).all()
    if not documents:
        return
    # Saxon and its rules take a second to load: only where something was issued.
    from billing.invoices.official import faults_of  # noqa: PLC0415

    for number, document in documents:
        assert faults_of(bytes(document)) == [], f"{number} breaks official rules"
        assert to_ubl(from_ubl(bytes(document))) == bytes(document), f"{number} reads otherwise"
