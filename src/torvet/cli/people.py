"""Accounts, organisations, members and tokens."""

import sys
from datetime import UTC, datetime, timedelta
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.markup import escape

from .here import HERE, Here, exchange
from .output import answer_of, say, table, tell

Role = Literal["owner", "steward", "buyer", "reader"]
account_app = App(name="account", help="Make an account; see who you are.")
organisation_app = App(name="organisation", help="Register an organisation and see its members.")
party_app = App(name="party", help="All that is held about your party.")
member_app = App(name="member", help="Who may act for an organisation, and as what.")
token_app = App(name="token", help="Keys for programs: scoped, expiring, rotated.")


def add_to(app: App) -> None:
    """Add this room's commands."""
    for group in (account_app, organisation_app, party_app, member_app, token_app):
        app.command(group)


@account_app.command(name="make")
def make_account(email: str, *, name: str, password_stdin: bool = False, here: Here = HERE) -> None:
    """Make an account for a person, who is then a citizen of the exchange.

    Args:
        email: The address to sign in with.
        name: The person's name.
        password_stdin: Read the password from standard input instead of asking for it.
        here: Where and as whom.
    """
    password = sys.stdin.readline().rstrip("\n") if password_stdin else getpass("Password: ")
    with exchange(here, signed_in=False) as client:
        made = answer_of(
            client.post("/api/accounts", json={"email": email, "name": name, "password": password})
        )
    tell(here, made, lambda _: say(f"[green]✓[/] {email} can sign in now."))


@account_app.command(name="me")
def me(*, here: Here = HERE) -> None:
    """Show who you are here, for whom you act and what you may do.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        tell(here, answer_of(client.get("/api/me")), _print_fields)


@organisation_app.command(name="register")
def register(
    name: str,
    *,
    kind: Literal["public", "private", "research"],
    cvr: str,
    slug: str | None = None,
    region: str = "DK",
    here: Here = HERE,
) -> None:
    """Register an organisation; you become its owner.

    Args:
        name: Its name, as people know it.
        kind: What it is.
        cvr: Its CVR number, eight digits.
        slug: Its short name in addresses; made from the name where not given.
        region: Where it is, ISO 3166 (DK, DK-82, SE …).
        here: Where and as whom.
    """
    wish = {"name": name, "kind": kind, "cvr": cvr, "slug": slug, "region": region}
    with exchange(here) as client:
        made = answer_of(client.post("/api/organisations", json=_given(wish)))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['name']} is registered as {it['slug']}."))


@organisation_app.command(name="show")
def show_organisation(slug: str, *, here: Here = HERE) -> None:
    """Show what anybody may know of a party.

    Args:
        slug: Its short name.
        here: Where and as whom.
    """
    with exchange(here) as client:
        tell(here, answer_of(client.get(f"/api/parties/{slug}")), _print_fields)


@member_app.command(name="add")
def add_member(organisation: str, email: str, *, role: Role, here: Here = HERE) -> None:
    """Let a person act for an organisation.

    Args:
        organisation: Its short name.
        email: The person's account.
        role: What they may do; an owner may all that a steward may, and so on down.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(
            client.post(
                f"/api/organisations/{organisation}/members", json={"email": email, "role": role}
            )
        )
    tell(here, made, lambda it: _print_seat(it, organisation))


def _print_seat(made: dict[str, Any], organisation: str) -> None:
    if code := made.get("code"):
        say(f"A seat is kept for {made['email']}. Hand them this code, which is shown this once:")
        say(f"  {code}")
    else:
        say(f"[green]✓[/] {made['email']} acts for {organisation}.")


@member_app.command(name="list")
def list_members(organisation: str, *, here: Here = HERE) -> None:
    """List the members of an organisation.

    Args:
        organisation: Its short name.
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get(f"/api/organisations/{organisation}/members"))
    tell(
        here,
        found,
        lambda it: table(
            ("name", "e-mail", "role"),
            ((m["name"], m["email"] or "", m["role"]) for m in it["items"]),
            empty="No members. Add one with `torvet member add`.",
        ),
    )


@member_app.command(name="change")
def change_member(organisation: str, account: str, *, role: Role, here: Here = HERE) -> None:
    """Give a member another role.

    Args:
        organisation: Its short name.
        account: The id of the member's account, as `torvet member list --json` shows it.
        role: What they may do from now on.
        here: Where and as whom.
    """
    path = f"/api/organisations/{organisation}/members/{account}"
    with exchange(here) as client:
        made = answer_of(client.patch(path, json={"role": role}))
    tell(here, made, lambda it: say(f"[green]✓[/] {it['name']} is {it['role']} now."))


@member_app.command(name="remove")
def remove_member(organisation: str, account: str, *, here: Here = HERE) -> None:
    """Let somebody act for an organisation no longer; their tokens for it end at once.

    Args:
        organisation: Its short name.
        account: The id of the member's account; your own to leave.
        here: Where and as whom.
    """
    with exchange(here) as client:
        answer_of(client.delete(f"/api/organisations/{organisation}/members/{account}"))
    tell(
        here,
        {"removed": account},
        lambda _: say(f"[green]✓[/] {account} acts for {organisation} no longer."),
    )


@member_app.command(name="join")
def join(code: str, *, here: Here = HERE) -> None:
    """Take the seat that an owner keeps for you.

    Args:
        code: The code that the owner handed you.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post("/api/invitations", json={"code": code}))
    tell(here, made, lambda it: say(f"[green]✓[/] You act for {it['party']['name']} now."))


@member_app.command(name="machine")
def make_service_account(
    organisation: str,
    name: str,
    *,
    role: Literal["steward", "buyer", "reader"] = "reader",
    here: Here = HERE,
) -> None:
    """Make a service account, which signs in with tokens only.

    Args:
        organisation: Its short name.
        name: What the machine does, so that you know it again.
        role: What it may do at most.
        here: Where and as whom.
    """
    path = f"/api/organisations/{organisation}/service-accounts"
    with exchange(here) as client:
        made = answer_of(client.post(path, json={"name": name, "role": role}))
    tell(
        here,
        made,
        lambda it: say(
            f"[green]✓[/] {it['account']}: give it a token with `torvet token make --account`."
        ),
    )


@token_app.command(name="make")
def make_token(
    name: str,
    *,
    scope: Annotated[list[str], Parameter(negative="")],
    days: int = 90,
    account: str | None = None,
    here: Here = HERE,
) -> None:
    """Make a token for a program. Its secret is shown once.

    Args:
        name: What it is for, so that you know it again.
        scope: read, publish, trade, manage or share:CONTRACT; repeat it for several.
        days: How long it lives.
        account: The service account that it is for; you yourself if left out.
        here: Where and as whom.
    """
    expires = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    wish = {"name": name, "scopes": scope, "expires_at": expires, "account": account}
    with exchange(here) as client:
        made = answer_of(client.post("/api/tokens", json=_given(wish)))
    tell(here, made, _print_secret)


@token_app.command(name="list")
def list_tokens(*, here: Here = HERE) -> None:
    """List your tokens, never their secrets.

    Args:
        here: Where and as whom.
    """
    with exchange(here) as client:
        found = answer_of(client.get("/api/tokens"))
    tell(
        here,
        found,
        lambda it: table(
            ("token", "name", "scopes", "expires", "last used"),
            (
                (t["id"], t["name"], ", ".join(t["scopes"]), t["expires_at"], t["last_used_at"])
                for t in it["items"]
            ),
            empty="No tokens. Make one with `torvet token make NAME --scope read`.",
        ),
    )


@token_app.command(name="rotate")
def rotate_token(token_id: str, *, grace_s: int = 3600, here: Here = HERE) -> None:
    """Give a token a new secret; the old one works for a while yet.

    Args:
        token_id: Its id.
        grace_s: Seconds for which the old secret still works.
        here: Where and as whom.
    """
    with exchange(here) as client:
        made = answer_of(client.post(f"/api/tokens/{token_id}/rotate", json={"grace_s": grace_s}))
    tell(here, made, _print_secret)


@token_app.command(name="revoke")
def revoke_token(token_id: str, *, here: Here = HERE) -> None:
    """End a token at once.

    Args:
        token_id: Its id.
        here: Where and as whom.
    """
    with exchange(here) as client:
        answer_of(client.delete(f"/api/tokens/{token_id}"))
    tell(here, {"revoked": token_id}, lambda _: say(f"[green]✓[/] {token_id} opens nothing now."))


def _print_secret(made: dict[str, Any]) -> None:
    say(f"[bold]{made['secret']}[/]")
    say("[dim]Keep it now: it is stored as a hash and cannot be shown again.[/]")


def _print_fields(it: dict[str, Any]) -> None:
    table(("", ""), ((name, value) for name, value in it.items()), empty="Nothing is known.")


def _given(wish: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wish.items() if value is not None}


@party_app.command(name="export")
def export(to: Path, *, here: Here = HERE) -> None:
    """Take home everything that the exchange holds about your party, as a ZIP archive.

    Rows of every table that are about it, every sealed fact that names it, and the checkpoint.

    Args:
        to: The archive to write, such as activity.zip.
        here: Where and as whom.
    """
    with exchange(here) as client, client.stream("GET", "/api/activity") as answer:
        if not answer.is_success:
            answer_of(answer)
        with to.open("wb") as target:
            for chunk in answer.iter_bytes():
                target.write(chunk)
    done = {"archive": str(to), "bytes": to.stat().st_size}
    tell(here, done, lambda it: say(f"[green]✓[/] {escape(it['archive'])}: {it['bytes']:,} bytes."))
