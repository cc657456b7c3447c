"""Where parties, accounts and what they sign in with are kept. Secrets are kept as digests only."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

MOMENT = DateTime(timezone=True)

parties = Table(
    "parties",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cvr", Text),
    Column("region", Text, nullable=False),
    Column("registered_at", MOMENT, nullable=False),
    CheckConstraint("kind in ('public', 'private', 'research', 'citizen')", name="parties_kind"),
    CheckConstraint("cvr is null or cvr ~ '^[1-9][0-9]{7}$'", name="parties_cvr"),
    Index("parties_slug", "slug", unique=True),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text),
    Column("email_verified", Boolean, nullable=False, server_default=false()),
    Column("name", Text, nullable=False),
    Column("password", Text),
    Column("service", Boolean, nullable=False, server_default=false()),
    Column("operator", Boolean, nullable=False, server_default=false()),
    Column("citizen_party", Text, ForeignKey("parties.id", name="accounts_citizen_party")),
    Column("made_at", MOMENT, nullable=False),
    CheckConstraint("service = (citizen_party is null)", name="accounts_citizen"),
    Index("accounts_email", "email", unique=True),
)

members = Table(
    "members",
    metadata,
    Column("account", Text, ForeignKey("accounts.id", name="members_account"), primary_key=True),
    Column("party", Text, ForeignKey("parties.id", name="members_party"), primary_key=True),
    Column("role", Text, nullable=False),
    Column("since", MOMENT, nullable=False),
    CheckConstraint("role in ('owner', 'steward', 'buyer', 'reader')", name="members_role"),
    Index("members_by_party", "party"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, ForeignKey("parties.id", name="invitations_party"), nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    CheckConstraint("role in ('owner', 'steward', 'buyer', 'reader')", name="invitations_role"),
    Index("invitations_digest", "digest", unique=True),
    Index("invitations_seat", "party", "email", unique=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id", name="sessions_account"), nullable=False),
    Column("party", Text),
    Column("made_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Index("sessions_by_account", "account"),
    Index("sessions_by_expiry", "expires_at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("party", Text, ForeignKey("parties.id", name="tokens_party"), nullable=False),
    Column("account", Text, ForeignKey("accounts.id", name="tokens_account"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("family", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("made_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("last_used_at", MOMENT),
    Column("revoked_at", MOMENT),
    Column("replaced_by", Text),
    Index("tokens_digest", "digest", unique=True),
    Index("tokens_by_party", "party", "account"),
    Index("tokens_generation", "family", "generation", unique=True),
    Index("tokens_scopes", "scopes", postgresql_using="gin"),
)

identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id", name="identities_account"), nullable=False),
    Column("linked_at", MOMENT, nullable=False),
    Index("identities_by_account", "account"),
)

oidc_flows = Table(
    "oidc_flows",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("state", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("account", Text),
    Column("next", Text, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Index("oidc_flows_by_expiry", "expires_at"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("last_at", MOMENT, nullable=False),
    Index("sign_in_failures_by_age", "last_at"),
)
