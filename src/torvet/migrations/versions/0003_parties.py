"""The tables of parties."""

import sqlalchemy as sa
from alembic import op

revision = "0003_parties"
down_revision = "0002_audit"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ROLES = "role in ('owner', 'steward', 'buyer', 'reader')"


def upgrade() -> None:
    _parties_and_accounts()
    _members()
    _credentials()
    _oidc()


def _parties_and_accounts() -> None:
    op.create_table(
        "parties",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cvr", sa.Text),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind in ('public', 'private', 'research', 'citizen')", name="parties_kind"
        ),
        sa.CheckConstraint("cvr is null or cvr ~ '^[1-9][0-9]{7}$'", name="parties_cvr"),
    )
    op.create_index("parties_slug", "parties", ["slug"], unique=True)
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text),
        sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("service", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("operator", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column(
            "citizen_party", sa.Text, sa.ForeignKey("parties.id", name="accounts_citizen_party")
        ),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("service = (citizen_party is null)", name="accounts_citizen"),
    )
    op.create_index("accounts_email", "accounts", ["email"], unique=True)


def _members() -> None:
    op.create_table(
        "members",
        sa.Column(
            "account",
            sa.Text,
            sa.ForeignKey("accounts.id", name="members_account"),
            primary_key=True,
        ),
        sa.Column(
            "party", sa.Text, sa.ForeignKey("parties.id", name="members_party"), primary_key=True
        ),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.CheckConstraint(ROLES, name="members_role"),
    )
    op.create_index("members_by_party", "members", ["party"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "party", sa.Text, sa.ForeignKey("parties.id", name="invitations_party"), nullable=False
        ),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint(ROLES, name="invitations_role"),
    )
    op.create_index("invitations_digest", "invitations", ["digest"], unique=True)
    op.create_index("invitations_seat", "invitations", ["party", "email"], unique=True)


def _credentials() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column(
            "account",
            sa.Text,
            sa.ForeignKey("accounts.id", name="sessions_account"),
            nullable=False,
        ),
        sa.Column("party", sa.Text),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "party", sa.Text, sa.ForeignKey("parties.id", name="tokens_party"), nullable=False
        ),
        sa.Column(
            "account", sa.Text, sa.ForeignKey("accounts.id", name="tokens_account"), nullable=False
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("family", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("replaced_by", sa.Text),
    )
    op.create_index("tokens_digest", "tokens", ["digest"], unique=True)
    op.create_index("tokens_by_party", "tokens", ["party", "account"])
    op.create_index("tokens_generation", "tokens", ["family", "generation"], unique=True)
    op.create_index("tokens_scopes", "tokens", ["scopes"], postgresql_using="gin")
    op.create_table(
        "sign_in_failures",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
    )
    op.create_index("sign_in_failures_by_age", "sign_in_failures", ["last_at"])


def _oidc() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column(
            "account",
            sa.Text,
            sa.ForeignKey("accounts.id", name="identities_account"),
            nullable=False,
        ),
        sa.Column("linked_at", MOMENT, nullable=False),
    )
    op.create_index("identities_by_account", "identities", ["account"])
    op.create_table(
        "oidc_flows",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("next", sa.Text, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_index("oidc_flows_by_expiry", "oidc_flows", ["expires_at"])
