"""Answers over HTTP: ask, ask for the price, see the budget."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from torvet.parties.signin import SignedIn
from torvet.web.frame import TheParts
from torvet.web.problems import problems_of

from . import answers
from .answers import AnswerAsk
from .failures import failures_told
from .model import Channel

router = APIRouter(prefix="/api", tags=["delivery"])

SQL_MAX = 10_000
MICRO_RHO_MAX = 10**10
BESIDE = "What the budget does not bound, where exact figures are out as well; or empty."

ContractPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class QuestionForm(BaseModel):
    """A question as JSON or as a SELECT, and how well it is to be answered."""

    model_config = ConfigDict(extra="forbid")

    question: dict[str, Any] | None = Field(
        None,
        description="Measures, where and group_by.",
        examples=[
            {
                "measures": [{"kind": "count"}, {"kind": "sum", "column": "wh"}],
                "where": {"hour": [7, 8, 9]},
                "group_by": ["zone"],
            }
        ],
    )
    sql: Annotated[str, Field(min_length=1, max_length=SQL_MAX, pattern=r"^[^\x00]*$")] | None = (
        Field(None, examples=["SELECT zone, sum(wh) FROM answers GROUP BY zone"])
    )
    micro_rho: Annotated[int, Field(ge=1, le=MICRO_RHO_MAX)] | None = Field(
        None, description="What to spend; else what the policy says an answer costs."
    )
    half_width: Annotated[float, Field(gt=0, le=1e15)] | None = Field(
        None, description="Or: the error that the first measure may have, in 95 of 100 cases."
    )
    release: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="Without it the newest."
    )

    def to_ask(self) -> AnswerAsk:
        return AnswerAsk(
            question=self.question,
            sql=self.sql,
            micro_rho=self.micro_rho,
            half_width=self.half_width,
            release=self.release,
        )


class CostSheet(BaseModel):
    """A privacy budget: in millionths of ρ as it is counted, and as (ε, δ)."""

    micro_rho: int
    epsilon: float
    delta: float


class LeftSheet(BaseModel):
    """What is left to this consumer, and to all consumers together."""

    consumer_left: CostSheet
    dataset_left: CostSheet


class AnswerSheet(BaseModel):
    """A line for every combination of the public keys, also where no row is.

    Each value has the half-width within which the exact one lies in 95 of 100 cases.
    """

    contract: str
    dataset: str
    release: int
    question: dict[str, Any]
    confidence: str
    cells: list[dict[str, Any]]
    charged: CostSheet = Field(description="Nothing where you have this answer already.")
    budget: LeftSheet
    beside: str = Field(description=BESIDE)


class EstimateSheet(BaseModel):
    """The price of a question and its error, before anything is spent."""

    contract: str
    dataset: str
    release: int
    question: dict[str, Any]
    cells: int
    price: CostSheet
    affordable: bool
    confidence: str
    errors: list[dict[str, str]] = Field(
        description="For each measure `half_width`; for a mean `half_width_times_values`, to be "
        "divided by how many values a cell has; for a quantile `half_width_ranks` and `grid`."
    )
    budget: LeftSheet
    beside: str = Field(description=BESIDE)


class AccountSheet(BaseModel):
    """What was spent of a budget in this period."""

    spent: CostSheet
    limit: CostSheet
    left: CostSheet
    period_began_at: datetime


class BudgetSheet(BaseModel):
    """What may be asked under a contract, and how much may still be learned."""

    contract: str
    dataset: str
    release: int
    delta: str
    refresh_days: int | None
    per_answer: CostSheet
    consumer: AccountSheet
    dataset_budget: AccountSheet
    unit: str = Field(description="Whose contribution is hidden.")
    beside: str = Field(description=BESIDE)
    rows_per_unit: int
    keys: dict[str, list[bool | int | str]] = Field(description="To filter and group by.")
    columns: dict[str, dict[str, str]] = Field(description="To sum, with their bounds.")


@router.post(
    "/contracts/{contract_id}/answers",
    response_model=AnswerSheet,
    responses=problems_of(401, 403, 404, 422, 429, 503),
)
def ask_question(
    *, contract_id: ContractPath, form: QuestionForm, caller: SignedIn, parts: TheParts
) -> Response:
    """Ask a question under a contract that gives answers, and pay for it from the privacy budget.

    The budget is charged before noise is drawn and is not handed back. What you have asked before
    is answered again for nothing, in the same words or in others.
    """
    with failures_told(parts, caller, contract_id, Channel.ANSWERS.value):
        body = answers.ask(parts, caller, contract_id, form.to_ask())
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post(
    "/contracts/{contract_id}/answers/estimate",
    responses=problems_of(401, 403, 404, 422, 429, 503),
)
def estimate_question(
    *, contract_id: ContractPath, form: QuestionForm, caller: SignedIn, parts: TheParts
) -> EstimateSheet:
    """Tell the price of a question and the error to expect; nothing is spent or counted."""
    found = answers.estimate(parts, caller, contract_id, form.to_ask())
    return EstimateSheet.model_validate(found)


@router.get("/contracts/{contract_id}/budget", responses=problems_of(401, 403, 404, 422, 429, 503))
def show_budget(*, contract_id: ContractPath, caller: SignedIn, parts: TheParts) -> BudgetSheet:
    """Show what may be asked under a contract, and what is left of its privacy budget."""
    return BudgetSheet.model_validate(answers.budget(parts, caller, contract_id))
