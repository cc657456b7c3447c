"""Which rows are about a party, table by table: the whole list, so that anyone can judge it.

A table is named with the columns by which a row is the party's, or with the row of another table
that it belongs to. What is told to neither side stands in `LEFT_OUT`, each with its reason; a test
holds that every table of the exchange is in one of the two.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of `table` whose `by` is the party, or whose `column` names a row that is its own."""

    table: str
    by: tuple[str, ...] = ()
    column: str = ""
    of: str = ""
    key: str = "id"
    without: tuple[str, ...] = ()
    """Columns that nobody is told: secrets, and what is kept for the database alone."""
    among: tuple[str, ...] = field(default=())
    """Columns that are lists of parties."""


SIDES = ("provider", "consumer")

HELD = (
    Held("parties", by=("id",)),
    Held("members", by=("party",)),
    Held("invitations", by=("party",), without=("digest",)),
    Held("tokens", by=("party",), without=("digest",)),
    Held("billing_profiles", by=("party",)),
    Held("datasets", by=("provider",)),
    Held("releases", column="dataset", of="datasets", key="id"),
    Held("profiles", column="dataset", of="datasets", key="id"),
    Held("deliveries", by=("party",)),
    Held("uploads", by=("party",)),
    Held("sources", by=("party",)),
    Held("privacy_policies", column="dataset", of="datasets"),
    Held("privacy_certificates", column="dataset", of="datasets"),
    Held("privacy_proposals", column="dataset", of="datasets"),
    Held("budget_accounts", by=("consumer",)),
    Held("budget_charges", by=("consumer",)),
    Held("offers", by=("provider",)),
    Held("contracts", by=SIDES),
    Held("contract_counts", column="contract", of="contracts"),
    Held("contract_spending", column="contract", of="contracts"),
    Held("contract_funds", column="contract", of="contracts"),
    Held("contract_duties", column="contract", of="contracts"),
    Held("negotiations", by=SIDES),
    Held("negotiation_rounds", column="negotiation", of="negotiations"),
    Held("usage_hours", among=("parties",)),
    Held("reuse_uses", by=("consumer",)),
    # The consumer alone: whoever thanked without a name is told to nobody.
    Held("reuse_thanks", by=("consumer",)),
    Held("reviews", by=("author", "provider")),
    Held("review_versions", column="review", of="reviews"),
    Held("charge_sheets", by=SIDES),
    Held("charges", column="sheet", of="charge_sheets"),
    Held("invoices", by=("seller", "buyer")),
    Held("invoice_sales", by=("provider",)),
    Held("invoice_payments", column="invoice", of="invoices"),
    Held("card_payments", by=("party",), without=("url", "session")),
    Held("card_refunds", column="payment", of="card_payments"),
    Held("payouts", by=("party",)),
    Held("payout_lines", column="payout", of="payouts"),
    Held("share_agreements", by=("provider",)),
    Held("share_members", by=("party",)),
    Held("share_divisions", by=("provider",)),
    Held("share_parts", by=("party",)),
    Held("books_accounts", by=("party",)),
    Held("books_entries", column="account", of="books_accounts"),
    Held("escrow_holds", by=("party",)),
    Held("escrow_moves", column="hold", of="escrow_holds"),
    Held("service_hours", column="contract", of="contracts"),
    Held("service_maintenance", column="dataset", of="datasets"),
    Held("service_questions", column="contract", of="contracts"),
    Held("service_reports", by=SIDES),
    Held("disputes", by=SIDES),
    Held("dispute_evidence", column="dispute", of="disputes"),
    Held("wanted_requests", by=("owner",)),
    Held("wanted_joins", by=("party",)),
    Held("wanted_pledges", by=("party",)),
    Held("wanted_answers", by=("provider",), without=("votes",)),
)

_LOG = "the log itself: the facts that name the party come with their bytes"
_ROWS = "it tells of nobody: places, counters and work of the exchange's own"
_OTHERS = "it is both sides' or all parties', and comes with the rows that it is worked out from"

LEFT_OUT = {
    "facts": _LOG,
    "leaves": _LOG,
    "nodes": _LOG,
    "checkpoints": _LOG,
    "followers": _ROWS,
    "accounts": "people, not the party: each reads their own at GET /api/me",
    "sessions": "people's sign-ins, and secrets",
    "identities": "people's sign-ins elsewhere",
    "oidc_flows": "secrets of a sign-in that is under way",
    "sign_in_failures": "digests that name nobody",
    "search_documents": "datasets again, as the search keeps them",
    "search_words": "words of the catalogue as they may be mistyped",
    "dataset_ratings": _OTHERS,
    "projections": _OTHERS,
    "usage_faults": _ROWS,
    "usage_news": _ROWS,
    "contract_news": _ROWS,
    "contract_holds": _ROWS,
    "charge_progress": _ROWS,
    "invoice_series": _ROWS,
    "invoice_runs": _ROWS,
    "bank_files": "the exchange's own account at its bank, with everybody's payments",
    "bank_statements": "the exchange's own account at its bank, with everybody's payments",
    "bank_lines": "the exchange's own account at its bank; a party's payments come with invoices",
    "card_events": "what the card provider says, of everybody",
    "payout_files": "transfers to many parties in one file; a party's own come as payouts",
    "payout_stops": _OTHERS,
    "answer_releases": _OTHERS,
    "answer_vectors": "answers that were paid for, by whichever party",
    "answer_holders": _OTHERS,
    "books_transactions": "they name both sides; a party's entries and facts tell of each",
    "trust_messages": _OTHERS,
}
