"""Answers under a contract: asked, counted, charged, given and metered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

import msgspec

from torvet import privacy
from torvet.audit import record
from torvet.contracts import Admission, Contract, RowsPerDay, admit, give_back, release
from torvet.parties import Caller
from torvet.ports.parts import Parts
from torvet.privacy import Answer, AnswerSpec, Asker, Figures, Histogram, Question, Quote, Wish

from . import reach
from .errors import BadRequest
from .model import Channel, Use

CONFIDENCE = "0.95"
ANSWER_BYTES = 64 * 1024
CELL_BYTES = 2 * 1024
"""What an answer is held to weigh at most, with each of its cells, where a cap counts bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAsk:
    """A question as it is sent: in JSON or as a SELECT, and how well it is to be answered."""

    question: Mapping[str, Any] | None = None
    sql: str | None = None
    micro_rho: int | None = None
    half_width: float | None = None
    release: int | None = None


def ask(parts: Parts, caller: Caller, contract_id: str, wanted: AnswerAsk) -> bytes:
    """Answer a question under a contract, and return the answer as JSON.

    The cells count as rows against the contract. Raises ReadRefused, NoAnswers, QuestionInvalid
    and BudgetSpent; what was not given after all is handed back to the contract's limits, and
    never to the privacy budget once it was charged.
    """
    now = parts.clock.now()
    contract = _admitted(parts, caller, contract_id, requests=0).contract
    quoted, beside = _quote(parts, contract, wanted)
    cells = quoted.asked.cells
    admission = _admitted(
        parts, caller, contract_id, requests=1, rows=cells, question=quoted.asked.question
    )
    contract = admission.contract
    try:
        asker = _asker(contract, caller)
        wish = _wish(wanted, quoted.asked.question, quoted.release)
        found = privacy.answer(parts, contract.dataset, asker, wish)
    except BaseException:
        release(parts, admission.hold)
        if any(isinstance(clause, RowsPerDay) for clause in contract.clauses):
            with parts.db.begin() as tx:
                give_back(tx, contract.id, cells, at=now)
        raise
    body = msgspec.json.encode(_sheet(contract, found, beside))
    use = Use(
        contract=contract.id,
        dataset=contract.dataset,
        release=found.quote.release,
        channel=Channel.ANSWERS,
        rows=cells,
        bytes=len(body),
        format="json",
    )
    with parts.db.begin() as tx:
        record(tx, found.fact(asker))
        reach.note_use(tx, parts, contract, use, caller.actor, hold=admission.hold)
    return body


def estimate(parts: Parts, caller: Caller, contract_id: str, wanted: AnswerAsk) -> dict[str, Any]:
    """Return what a question would cost and how far off its answer would be; nothing is spent."""
    contract = _admitted(parts, caller, contract_id, requests=0).contract
    quoted, beside = _quote(parts, contract, wanted)
    _admitted(parts, caller, contract_id, requests=0, question=quoted.asked.question)
    spec = quoted.spec
    return {
        "contract": contract.id,
        "dataset": contract.dataset,
        "release": quoted.release,
        "question": quoted.asked.question.to_json(),
        "cells": quoted.asked.cells,
        "price": _cost(quoted.for_consumer, spec),
        "affordable": quoted.affordable,
        "confidence": CONFIDENCE,
        "errors": quoted.errors(),
        "budget": _budgets(quoted),
        "beside": beside,
    }


def budget(parts: Parts, caller: Caller, contract_id: str) -> dict[str, Any]:
    """Return what may be asked under a contract, and how much may still be learned."""
    contract = _admitted(parts, caller, contract_id, requests=0).contract
    with parts.db.begin() as tx:
        number, spec, own, whole = privacy.budget(
            tx, contract.dataset, contract.consumer, parts.clock.now()
        )
        beside = privacy.beside_answers(tx, contract.dataset)
    limits = spec.limits
    return {
        "contract": contract.id,
        "dataset": contract.dataset,
        "release": number,
        "delta": repr(spec.delta),
        "refresh_days": limits.refresh_days,
        "per_answer": _cost(spec.per_answer, spec),
        "consumer": _account(own.spent, limits.per_consumer, own.period_began_at, spec),
        "dataset_budget": _account(whole.spent, limits.per_dataset, whole.period_began_at, spec),
        "unit": spec.unit,
        "beside": beside,
        "rows_per_unit": spec.rows_per_unit,
        "keys": {name: list(values) for name, values in spec.keys.items()},
        "columns": {
            name: {
                "low": str(b.low * b.step),
                "high": str(b.high * b.step),
                "step": str(b.step),
            }
            for name, b in spec.bounds.items()
        },
    }


def _admitted(
    parts: Parts,
    caller: Caller,
    contract_id: str,
    *,
    requests: int,
    rows: int = 0,
    question: Question | None = None,
) -> Admission:
    return admit(
        parts,
        contract_id,
        caller=caller,
        columns=None if question is None else question.columns,
        rows=rows,
        bytes=requests * _bytes_at_most(rows),
        requests=requests,
        channel=Channel.ANSWERS.value,
        question=True,
    )


def _bytes_at_most(cells: int) -> int:
    """Return more bytes than an answer has, for its size is known only when the budget is spent."""
    return ANSWER_BYTES + cells * CELL_BYTES


def _quote(parts: Parts, contract: Contract, wanted: AnswerAsk) -> tuple[Quote, str]:
    """Return the price of a question, and what the budget does not bound."""
    if (wanted.question is None) == (wanted.sql is None):
        raise BadRequest("Say the question in `question` or in `sql`, and in one of them only")
    now = parts.clock.now()
    with parts.db.begin() as tx:
        number, spec, *_ = privacy.budget(tx, contract.dataset, contract.consumer, now)
        if wanted.sql is not None:
            question = privacy.parse_select(wanted.sql, spec)
        else:
            question = Question.from_json(wanted.question)
        wish = _wish(wanted, question, wanted.release or number)
        quoted = privacy.quote(tx, contract.dataset, contract.consumer, wish, now)
        return quoted, privacy.beside_answers(tx, contract.dataset)


def _wish(wanted: AnswerAsk, question: Question, release: int) -> Wish:
    return Wish(
        question=question,
        micro_rho=wanted.micro_rho,
        half_width=wanted.half_width,
        release=release,
    )


def _asker(contract: Contract, caller: Caller) -> Asker:
    return Asker(
        consumer=contract.consumer,
        provider=contract.provider,
        contract=contract.id,
        actor=caller.actor,
    )


def _sheet(contract: Contract, found: Answer, beside: str) -> dict[str, Any]:
    quoted = found.quote
    return {
        "contract": contract.id,
        "dataset": contract.dataset,
        "release": quoted.release,
        "question": quoted.asked.question.to_json(),
        "confidence": CONFIDENCE,
        "cells": _cells(found),
        "charged": _cost(found.charged, quoted.spec),
        "budget": _budgets(quoted),
        "beside": beside,
    }


def _cells(found: Answer) -> list[dict[str, Any]]:
    """Return a line for every combination of the public keys, with each value and its error."""
    keys = list(found.quote.asked.kept)
    told = [list(_told(each)) for each in found.figures]
    names = [each.name for each in found.figures]
    combinations = product(*found.quote.asked.kept.values())
    return [
        dict(zip(keys, values, strict=True)) | dict(zip(names, measured, strict=True))
        for values, *measured in zip(combinations, *told, strict=True)
    ]


def _told(each: Figures) -> list[dict[str, Any]]:
    if isinstance(each.measure, Histogram):
        bins = each.values.shape[-1]
        values, errors = each.values.reshape(-1, bins), each.half_widths.reshape(-1, bins)
        return [
            {"values": row, "half_width": error[0]}
            for row, error in zip(values.tolist(), errors.tolist(), strict=True)
        ]
    lines = zip(each.values.ravel().tolist(), each.half_widths.ravel().tolist(), strict=True)
    return [{"value": value, "half_width": error} for value, error in lines]


def _budgets(quoted: Quote) -> dict[str, Any]:
    limits, spec = quoted.spec.limits, quoted.spec
    return {
        "consumer_left": _cost(quoted.consumer.left(limits.per_consumer), spec),
        "dataset_left": _cost(quoted.whole.left(limits.per_dataset), spec),
    }


def _account(spent: int, limit: int, began: datetime, spec: AnswerSpec) -> dict[str, Any]:
    return {
        "spent": _cost(spent, spec),
        "limit": _cost(limit, spec),
        "left": _cost(max(limit - spent, 0), spec),
        "period_began_at": began,
    }


def _cost(micro_rho: int, spec: AnswerSpec) -> dict[str, Any]:
    """Return a budget as it is counted, and as (ε, δ) shows it."""
    epsilon = privacy.epsilon(micro_rho, spec.delta)
    return {"micro_rho": micro_rho, "epsilon": round(epsilon, 4), "delta": spec.delta}
