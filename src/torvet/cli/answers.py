"""Ask a question under a contract that gives answers and never rows."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.markup import escape

from .here import HERE, Here, exchange
from .output import ProblemSaid, answer_of, say, table, tell
from .publishing import read_json


def add_to(app: App) -> None:
    """Add this room's commands."""
    app.command(ask)


def ask(
    contract: str,
    question: Path | None = None,
    *,
    sql: str | None = None,
    estimate: Annotated[bool, Parameter(negative="")] = False,
    budget: Annotated[bool, Parameter(negative="")] = False,
    micro_rho: int | None = None,
    half_width: float | None = None,
    release: int | None = None,
    here: Here = HERE,
) -> None:
    """Ask a question under a contract; the answer has noise, and says how much.

    Args:
        contract: Its id.
        question: JSON file with measures, where and group_by.
        sql: Or the question as a SELECT, such as "SELECT zone, sum(wh) FROM answers GROUP BY zone".
        estimate: Only tell the price and the error to expect.
        budget: Only tell what may be asked, and what is left of the budget.
        micro_rho: What to spend; what the policy says where not given.
        half_width: Or the error that the first measure may have, in 95 of 100 cases.
        release: Which release; the newest where not given.
        here: Where and as whom.
    """
    path = f"/api/contracts/{contract}"
    if question is None and sql is None and not budget:
        advice = "Give a JSON file or --sql; `--budget` shows what may be asked."
        raise ProblemSaid({"title": "There is no question.", "advice": advice})
    with exchange(here) as client:
        if budget:
            tell(here, answer_of(client.get(f"{path}/budget")), _print_budget)
            return
        asked = {
            "question": None if question is None else read_json(question),
            "sql": sql,
            "micro_rho": micro_rho,
            "half_width": half_width,
            "release": release,
        }
        form = {name: value for name, value in asked.items() if value is not None}
        door = f"{path}/answers/estimate" if estimate else f"{path}/answers"
        found = answer_of(client.post(door, json=form))
    tell(here, found, _print_estimate if estimate else _print_answer)


def _print_answer(found: dict[str, Any]) -> None:
    cells = found["cells"]
    names = list(cells[0]) if cells else []
    table(names, ([_cell(cell[name]) for name in names] for cell in cells), empty="")
    say(f"Charged {_cost(found['charged'])}. {_left(found['budget'])}")
    if found["beside"]:
        say(escape(found["beside"]))


def _cell(value: object) -> str:
    match value:
        case {"value": float(number), "half_width": float(error)}:
            return f"{number:,.6g} ± {error:,.4g}"
        case {"values": [*numbers], "half_width": float(error)}:
            return f"{', '.join(f'{number:,.6g}' for number in numbers)} (each ± {error:,.4g})"
        case _:
            return str(value)


def _print_estimate(found: dict[str, Any]) -> None:
    table(
        ("measure", "error in 95 of 100 cases"),
        (
            (e["name"], ", ".join(f"{k} {v}" for k, v in e.items() if k != "name"))
            for e in found["errors"]
        ),
        empty="",
    )
    enough = "" if found["affordable"] else " [red]That is more than is left.[/]"
    say(f"Costs {_cost(found['price'])}. {_left(found['budget'])}{enough}")


def _print_budget(found: dict[str, Any]) -> None:
    if found["beside"]:
        say(escape(found["beside"]))
    rows = [
        (name, account["spent"], account["limit"])
        for name, account in (("yours", found["consumer"]), ("all", found["dataset_budget"]))
    ]
    table(
        ("budget", "spent", "limit"),
        ((name, _cost(spent), _cost(limit)) for name, spent, limit in rows),
        empty="",
    )
    table(
        ("public key", "values"),
        ((key, ", ".join(str(v) for v in values[:12])) for key, values in found["keys"].items()),
        empty="There are no keys to filter or group by.",
    )
    table(
        ("column", "from", "to"),
        ((name, b["low"], b["high"]) for name, b in found["columns"].items()),
        empty="There are no columns to sum; rows can be counted.",
    )


def _left(budget: dict[str, Any]) -> str:
    own, whole = _cost(budget["consumer_left"]), _cost(budget["dataset_left"])
    return f"Left to you: {own}; to everybody together: {whole}."


def _cost(cost: dict[str, Any]) -> str:
    return f"{cost['micro_rho']:,} micro-ρ (ε {cost['epsilon']:.3g}, δ {cost['delta']:g})"
