"""A card provider over HTTP: checkout sessions, refunds, and events that it signs.

The interface is Stripe's (https://docs.stripe.com/api), as several providers speak it: forms go
there, JSON comes back, `Idempotency-Key` names what must happen once.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2

from torvet.kit.money import Currency, Money
from torvet.ports.payments import (
    Asked,
    CardEvent,
    EventForged,
    GiveBack,
    PaymentsAway,
    PaymentSeen,
    PaymentsRefused,
    PaymentStage,
    RefundSeen,
    RefundStage,
    TakenBack,
    Wanted,
)

ATTEMPTS_MAX = 3
PAUSE_S = 0.3
PAUSE_S_MAX = 5.0
TOLERANCE_S = 300
"""How old an event may be, and how far ahead its clock."""
ANSWER_BYTES_MAX = 2**20
_TOO_MANY, _CONFLICT, _SERVER_FAULT, _OK = 429, 409, 500, 300

_Seen = TypeVar("_Seen")
_STAGES = {"open": PaymentStage.OPEN, "expired": PaymentStage.EXPIRED}
_REFUND_STAGES = {
    "succeeded": RefundStage.DONE,
    "failed": RefundStage.FAILED,
    "canceled": RefundStage.FAILED,
}
_PAYMENTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_DISPUTES = {"charge.dispute.funds_withdrawn": False, "charge.dispute.funds_reinstated": True}


class CardProvider:
    """The card provider at `endpoint`. What failed on the way is tried again, under one key."""

    def __init__(
        self,
        endpoint: str,
        *,
        secret_key: str,
        webhook_secret: str,
        timeout_s: float,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._webhook_secret = webhook_secret
        self._pause = pause
        self._client = httpx2.Client(
            base_url=endpoint,
            headers={"Authorization": f"Bearer {secret_key}"},
            timeout=timeout_s,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def ask(self, wanted: Wanted) -> Asked:
        form = {
            "mode": "payment",
            "client_reference_id": wanted.id,
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": wanted.amount.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(wanted.amount.minor),
            "line_items[0][price_data][product_data][name]": wanted.words,
            "payment_intent_data[metadata][torvet]": wanted.id,
            "success_url": wanted.back_to,
            "cancel_url": wanted.back_to,
        }
        made = self._call("POST", "/v1/checkout/sessions", form=form, key=wanted.id)
        return Asked(session=_text(made, "id"), url=made.get("url"), instructions=None)

    def give_back(self, refund: GiveBack) -> RefundSeen:
        form = {
            "payment_intent": refund.intent,
            "amount": str(refund.amount.minor),
            "metadata[torvet]": refund.id,
        }
        return self._refund(self._call("POST", "/v1/refunds", form=form, key=refund.id))

    def look(self, session: str) -> PaymentSeen:
        return self._payment(self._call("GET", f"/v1/checkout/sessions/{session}"))

    def look_refund(self, refund: str) -> RefundSeen:
        return self._refund(self._call("GET", f"/v1/refunds/{refund}"))

    def read_event(self, body: bytes, signature: str, now: datetime) -> CardEvent:
        _check_signature(self._webhook_secret, body, signature, now)
        return self.understand(body)

    def understand(self, body: bytes) -> CardEvent:
        try:
            said = json.loads(body)
            kind = _text(said, "type")
            return CardEvent(
                id=_text(said, "id"),
                kind=kind,
                made_at=datetime.fromtimestamp(int(said["created"]), UTC),
                about=_about(kind, said["data"]["object"]),
            )
        except (ValueError, KeyError, TypeError, OverflowError) as fault:
            raise EventForged(f"it is no event that we read: {fault!r}") from fault

    def _payment(self, said: Mapping[str, Any]) -> PaymentSeen:
        return _read(_payment, said)

    def _refund(self, said: Mapping[str, Any]) -> RefundSeen:
        return _read(_refund, said)

    def _call(
        self, method: str, path: str, *, form: Mapping[str, str] | None = None, key: str = ""
    ) -> Mapping[str, Any]:
        """Ask, at most ATTEMPTS_MAX times with the same key: then it happens once or not at all."""
        headers = {"Idempotency-Key": key} if key else {}
        why = ""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            wait = PAUSE_S * 2 ** (attempt - 1)
            try:
                with self._client.stream(method, path, data=form, headers=headers) as answer:
                    if not _is_passing(answer.status_code):
                        return _understood(answer.status_code, _read_whole(answer))
                why = f"it answers {answer.status_code}"
                wait = max(wait, _asked_to_wait_s(answer))
            except httpx2.TransportError as fault:
                why = str(fault) or type(fault).__name__
            if attempt < ATTEMPTS_MAX:
                self._pause(min(wait, PAUSE_S_MAX))
        raise PaymentsAway(why)


def _is_passing(status: int) -> bool:
    return status in {_TOO_MANY, _CONFLICT} or status >= _SERVER_FAULT


def _asked_to_wait_s(answer: httpx2.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else 0.0


def _read_whole(answer: httpx2.Response) -> bytes:
    """Return an answer's bytes; one that is too long is not read to its end."""
    held = bytearray()
    for piece in answer.iter_bytes():
        held += piece
        if len(held) > ANSWER_BYTES_MAX:
            raise PaymentsAway(f"its answer is above {ANSWER_BYTES_MAX:,} bytes")
    return bytes(held)


def _understood(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise PaymentsAway(f"its answer {status} is no JSON object")
    if status >= _OK:
        fault = said.get("error")
        words = fault.get("message") if isinstance(fault, dict) else None
        raise PaymentsRefused(str(words or f"status {status}")[:300])
    return said


def _read(reader: Callable[[Mapping[str, Any]], _Seen], said: Mapping[str, Any]) -> _Seen:
    try:
        return reader(said)
    except (ValueError, KeyError, TypeError) as fault:
        raise PaymentsAway(f"its answer is not what was asked for: {fault!r}") from fault


def _check_signature(secret: str, body: bytes, signature: str, now: datetime) -> None:
    """Check `t=…,v1=…`: HMAC-SHA256 of time and body, by one of the signatures that are given."""
    if not secret:
        raise EventForged("no secret of the webhook is set")
    pairs = [part.strip().partition("=") for part in signature.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    given = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or not given:
        raise EventForged("it carries no signature of the form t=…,v1=…")
    wanted = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest()
    if not any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given):
        raise EventForged("its signature is wrong")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        raise EventForged(f"it was signed more than {TOLERANCE_S} seconds from now")


def _about(kind: str, said: Mapping[str, Any]) -> PaymentSeen | RefundSeen | TakenBack | None:
    if kind in _PAYMENTS:
        seen = _payment(said)
        failed = kind == "checkout.session.async_payment_failed"
        return _with_stage(seen, PaymentStage.EXPIRED) if failed else seen
    if kind in _REFUNDS:
        return _refund(said)
    if kind in _DISPUTES:
        return TakenBack(
            dispute=_text(said, "id"),
            intent=_text(said, "payment_intent"),
            amount=_amount(said, "amount"),
            returned=_DISPUTES[kind],
        )
    return None


def _with_stage(seen: PaymentSeen, stage: PaymentStage) -> PaymentSeen:
    return PaymentSeen(
        id=seen.id, session=seen.session, stage=stage, intent=seen.intent, amount=seen.amount
    )


def _payment(said: Mapping[str, Any]) -> PaymentSeen:
    paid = said.get("payment_status") == "paid"
    intent = said.get("payment_intent")
    return PaymentSeen(
        id=str(said.get("client_reference_id") or ""),
        session=_text(said, "id"),
        # A session that is complete and not paid waits for its bank: the payment is still open.
        stage=PaymentStage.PAID if paid else _STAGES.get(str(said["status"]), PaymentStage.OPEN),
        intent=str(intent) if intent else None,
        amount=_amount(said, "amount_total"),
    )


def _refund(said: Mapping[str, Any]) -> RefundSeen:
    return RefundSeen(
        id=str((said.get("metadata") or {}).get("torvet") or ""),
        refund=_text(said, "id"),
        intent=_text(said, "payment_intent"),
        stage=_REFUND_STAGES.get(str(said["status"]), RefundStage.PENDING),
        amount=_amount(said, "amount"),
    )


def _amount(said: Mapping[str, Any], name: str) -> Money:
    minor = said[name]
    if type(minor) is not int:
        raise ValueError(f"{name} is {minor!r}")
    return Money(minor, Currency(str(said["currency"]).upper()))


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}")
    return value
