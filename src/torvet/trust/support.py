"""Questions under a contract: asked by the consumer, answered by the provider, timed."""

from sqlalchemy import Connection

from torvet import contracts
from torvet.audit import record
from torvet.contracts import Contract
from torvet.parties import Caller, Role, check
from torvet.ports.parts import Parts

from . import facts, store
from .errors import QuestionClosed, QuestionNotFound, TooManyQuestions, TooMuchSaid
from .model import Message, Question, QuestionId, Side

OPEN_MAX = 50
MESSAGES_MAX = 200
SHOWN_MAX = 500


def ask(parts: Parts, caller: Caller, contract_id: str, *, title: str, words: str) -> Question:
    """Ask the provider of a contract something, as its consumer. The clock of its promise runs."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract = contracts.contract(tx, contract_id, caller)
        if side_of(contract, caller) is not Side.CONSUMER:
            raise contracts.OtherSide(contract_id, "consumer")
        check(caller, Role.READER)
        held = store.questions_of(tx, contract_id, SHOWN_MAX)
        if sum(one.closed_at is None for one in held) >= OPEN_MAX:
            raise TooManyQuestions(contract_id, OPEN_MAX)
        first = Message(number=1, side=Side.CONSUMER, account=caller.actor, at=now, words=words)
        question = Question(
            id=QuestionId(parts.new_id("qu")),
            contract=contract_id,
            asked_at=now,
            title=title,
            messages=(first,),
        )
        store.add_question(tx, question)
        record(
            tx,
            facts.question(
                "question-asked", contract, question.id, words, at=now, actor=caller.actor
            ),
        )
    return question


def write(parts: Parts, caller: Caller, contract_id: str, question_id: str, words: str) -> Question:
    """Write into a question; the provider's first words are its answer, which stops the clock."""
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract, held = _held(tx, caller, contract_id, question_id)
        side = side_of(contract, caller)
        check(caller, Role.STEWARD if side is Side.PROVIDER else Role.READER)
        if held.closed_at is not None:
            raise QuestionClosed(question_id)
        number = len(held.messages) + 1
        said = Message(number=number, side=side, account=caller.actor, at=now, words=words)
        add_words(tx, question_id, said)
        if side is Side.PROVIDER:
            store.answer(tx, question_id, now)
            name = "question-answered" if held.answered_at is None else "question-continued"
        else:
            name = "question-continued"
        told = facts.question(name, contract, question_id, words, at=now, actor=caller.actor)
        record(tx, told)
        return store.question(tx, question_id)


def close(parts: Parts, caller: Caller, contract_id: str, question_id: str) -> Question:
    """Close a question, as its consumer: nothing more is wanted. Doing it twice is no fault.

    One that was not answered counts as answered from now on, for nobody waits any more.
    """
    now = parts.clock.now()
    with parts.db.begin() as tx:
        contract, held = _held(tx, caller, contract_id, question_id)
        if side_of(contract, caller) is not Side.CONSUMER:
            raise contracts.OtherSide(contract_id, "consumer")
        check(caller, Role.READER)
        if held.closed_at is None:
            store.close_question(tx, question_id, now)
            store.answer(tx, question_id, now)
            told = facts.question(
                "question-closed", contract, question_id, "", at=now, actor=caller.actor
            )
            record(tx, told)
        return store.question(tx, question_id)


def questions_of(tx: Connection, caller: Caller, contract_id: str) -> list[Question]:
    """Return the newest questions under a contract, to its two parties."""
    contracts.contract(tx, contract_id, caller)
    return store.questions_of(tx, contract_id, SHOWN_MAX)


def question(tx: Connection, caller: Caller, contract_id: str, question_id: str) -> Question:
    """Return a question with all that was said in it, to its two parties."""
    contracts.contract(tx, contract_id, caller)
    found = store.question(tx, question_id)
    if found.contract != contract_id:
        raise QuestionNotFound(question_id)
    return found


def side_of(contract: Contract, caller: Caller) -> Side:
    """Return on which side of a contract the caller is; it is on one."""
    return Side.CONSUMER if caller.party == contract.consumer else Side.PROVIDER


def add_words(tx: Connection, about: str, said: Message) -> None:
    """Write what somebody said; raise TooMuchSaid where there is too much already."""
    if said.number > MESSAGES_MAX:
        raise TooMuchSaid(about, MESSAGES_MAX)
    store.add_message(tx, about, said)


def _held(
    tx: Connection, caller: Caller, contract_id: str, question_id: str
) -> tuple[Contract, Question]:
    contract = contracts.contract(tx, contract_id, caller)
    held = store.question(tx, question_id, locked=True)
    if held.contract != contract_id:
        raise QuestionNotFound(question_id)
    return contract, held
