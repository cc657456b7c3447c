"""A card provider to try things with: a process of its own that speaks Stripe's HTTP.

`python -m torvet.demo.card_provider PORT SECRET_KEY WEBHOOK_SECRET`. Nobody's card is charged.
Beside the provider's own interface there is `/test/…`, by which whoever tries something lets the
payer pay, takes the events that are signed for the exchange, or lets the provider fail.
"""

import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_BODY_BYTES_MAX = 2**20
_ARGUMENTS = 4
_SLOW_S = 1.0

Said = dict[str, Any]


class Provider:
    """What the provider knows. Every object it makes is made once for its idempotency key."""

    def __init__(self, secret_key: str, webhook_secret: str) -> None:
        self.secret_key, self.webhook_secret = secret_key, webhook_secret
        self.lock = threading.Lock()
        self.numbers = count(1)
        self.sessions: dict[str, Said] = {}
        self.refunds: dict[str, Said] = {}
        self.answers: dict[str, tuple[str, Said]] = {}
        self.events: list[Said] = []
        self.faults: list[str] = []
        self.asked: list[str] = []

    def once(self, key: str, form: Mapping[str, str], made: Any) -> tuple[int, Said]:
        """Answer as before where the key was used for the same; refuse it for another."""
        said = json.dumps(dict(form), sort_keys=True)
        with self.lock:
            if key and key in self.answers:
                before, answer = self.answers[key]
                if before != said:
                    return 400, _fault("idempotency_error", "The key was used for another request.")
                return 200, answer
            status, answer = made(form)
            if key and status == _OK:
                self.answers[key] = (said, answer)
            return status, answer

    def session(self, form: Mapping[str, str]) -> tuple[int, Said]:
        """Make a checkout session."""
        price = "line_items[0][price_data]"
        minor = form.get(f"{price}[unit_amount]", "")
        if not minor.isdigit() or int(minor) <= 0:
            return 400, _fault("invalid_request_error", "Invalid positive integer")
        number = next(self.numbers)
        made: Said = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "client_reference_id": form.get("client_reference_id"),
            "amount_total": int(minor),
            "currency": form.get(f"{price}[currency]", "dkk"),
            "payment_intent": f"pi_test_{number}",
            "payment_status": "unpaid",
            "status": "open",
            "url": f"https://cards.example/pay/cs_test_{number}",
        }
        self.sessions[made["id"]] = made
        return 200, made

    def refund(self, form: Mapping[str, str]) -> tuple[int, Said]:
        """Make a refund, at most of what was paid."""
        intent, amount = form.get("payment_intent", ""), int(form.get("amount", "0"))
        paid = next(
            (s for s in self.sessions.values() if s["payment_intent"] == intent),
            None,
        )
        if paid is None or paid["payment_status"] != "paid":
            return 400, _fault("invalid_request_error", f"No such payment_intent: {intent!r}")
        before = sum(
            r["amount"]
            for r in self.refunds.values()
            if r["payment_intent"] == intent and r["status"] != "failed"
        )
        if before + amount > paid["amount_total"]:
            return 400, _fault("invalid_request_error", "Refund amount is greater than charge.")
        made: Said = {
            "id": f"re_test_{next(self.numbers)}",
            "object": "refund",
            "amount": amount,
            "currency": paid["currency"],
            "payment_intent": intent,
            "status": "succeeded",
            "metadata": {"torvet": form.get("metadata[torvet]", "")},
        }
        self.refunds[made["id"]] = made
        self.tell("refund.created", made)
        return 200, made

    def pay(self, session: str) -> Said:
        """Let the payer pay; the event is signed and waits to be taken."""
        made = self.sessions[session]
        made.update(payment_status="paid", status="complete")
        return self.tell("checkout.session.completed", made)

    def expire(self, session: str) -> Said:
        """Let a session run out."""
        self.sessions[session]["status"] = "expired"
        return self.tell("checkout.session.expired", self.sessions[session])

    def fail_refund(self, refund: str) -> Said:
        """Let a refund fail after it seemed to be done, as banks do."""
        self.refunds[refund]["status"] = "failed"
        return self.tell("refund.failed", self.refunds[refund])

    def dispute(self, session: str, kind: str) -> Said:
        """Let the payer's bank take the money back, or give it again."""
        paid = self.sessions[session]
        disputed = {
            "id": f"dp_{session}",
            "object": "dispute",
            "payment_intent": paid["payment_intent"],
            "amount": paid["amount_total"],
            "currency": paid["currency"],
        }
        return self.tell(f"charge.dispute.{kind}", disputed)

    def tell(self, kind: str, said: Said) -> Said:
        """Sign an event about `said`, as it is now."""
        number = next(self.numbers)
        event = {
            "id": f"evt_test_{number}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": dict(said)},
        }
        self.events.append(event)
        return event

    def signed(self, event: Said, at: int) -> Said:
        """Return an event's bytes with the header that proves them, as sent at `at`."""
        body = json.dumps(event, separators=(",", ":"))
        proof = hmac.new(
            self.webhook_secret.encode(), f"{at}.{body}".encode(), hashlib.sha256
        ).hexdigest()
        return {"body": body, "signature": f"t={at},v1={proof}", "type": event["type"]}


_OK = 200


def _fault(kind: str, message: str) -> Said:
    return {"error": {"type": kind, "message": message}}


class Handler(BaseHTTPRequestHandler):
    """The provider's interface, and `/test/…` beside it."""

    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_GET(self) -> None:
        """Show one object."""
        self._serve({})

    def do_POST(self) -> None:
        """Make one object, or steer."""
        length = min(int(self.headers.get("content-length") or 0), _BODY_BYTES_MAX)
        self._serve(dict(parse_qsl(self.rfile.read(length).decode())))

    def _serve(self, form: Mapping[str, str]) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/test/"):
            self._answer(200, self._steer(path.removeprefix("/test/").split("/"), form))
            return
        if self.headers.get("authorization") != f"Bearer {self.provider.secret_key}":
            self._answer(401, _fault("invalid_request_error", "Invalid API Key provided"))
            return
        with self.provider.lock:
            self.provider.asked.append(f"{self.command} {path}")
            fault = self.provider.faults.pop(0) if self.provider.faults else ""
        if fault == "away":
            self._answer(503, _fault("api_error", "Try again later"))
            return
        status, said = self._provide(path, form)
        if fault == "silent":
            # Done, and nobody is told: the line is cut before the answer.
            self.close_connection = True
            self.connection.close()
            return
        if fault == "slow":
            time.sleep(_SLOW_S)
        self._answer(status, said)

    def _provide(self, path: str, form: Mapping[str, str]) -> tuple[int, Said]:
        key, provider = self.headers.get("idempotency-key") or "", self.provider
        if self.command == "POST" and path == "/v1/checkout/sessions":
            return provider.once(key, form, provider.session)
        if self.command == "POST" and path == "/v1/refunds":
            return provider.once(key, form, provider.refund)
        kept = provider.sessions if "/sessions/" in path else provider.refunds
        found = kept.get(path.rsplit("/", 1)[-1])
        return (200, found) if found else (404, _fault("invalid_request_error", "No such object"))

    def _steer(  # noqa: PLR0911 - a table of what can be asked for
        self, words: list[str], form: Mapping[str, str]
    ) -> Said:
        provider = self.provider
        match words:
            case ["pay", session]:
                return provider.pay(session)
            case ["expire", session]:
                return provider.expire(session)
            case ["fail-refund", refund]:
                return provider.fail_refund(refund)
            case ["dispute", session, kind]:
                return provider.dispute(session, kind)
            case ["faults"]:
                provider.faults[:] = [each for each in form.get("next", "").split(",") if each]
                return {"faults": provider.faults}
            case ["events"]:
                at = int(form.get("at") or time.time())
                return {"events": [provider.signed(each, at) for each in provider.events]}
            case _:
                return {
                    "asked": provider.asked,
                    "sessions": len(provider.sessions),
                    "refunds": len(provider.refunds),
                }

    def _answer(self, status: int, said: Said) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def main() -> None:
    """Serve on 127.0.0.1 until the process is ended."""
    if len(sys.argv) != _ARGUMENTS:
        raise SystemExit(__doc__)
    port, secret_key, webhook_secret = sys.argv[1:]
    Handler.provider = Provider(secret_key, webhook_secret)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main()
