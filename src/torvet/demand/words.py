"""The terms of a data request in plain words, which everybody reads before pledging."""

from torvet.contracts.sentences import Sentence, moment

from .model import Wanted


def terms_of(wanted: Wanted) -> tuple[Sentence, ...]:
    """Return when pledges bind, when they are free and what is paid, in both languages."""
    until, last = moment(wanted.deadline), moment(wanted.deliver_by)
    if wanted.goal is None:
        return (
            Sentence(
                en=f"No money is pledged. It can be joined until {until.en}.",
                da=f"Der gives ikke tilsagn om penge. Man kan være med til og med {until.da}.",
            ),
        )
    goal = wanted.goal
    return (
        Sentence(
            en=f"When {goal.said('en')} is pledged together by {until.en}, every pledge binds, "
            "at that very moment.",
            da=f"Når der tilsammen er givet tilsagn om {goal.said('da')} senest {until.da}, "
            "bliver alle tilsagn bindende i samme øjeblik.",
        ),
        Sentence(
            en="Until then a pledge can be taken back. If the goal is not reached, all are free.",
            da="Indtil da kan et tilsagn trækkes tilbage. Nås målet ikke, er alle frie.",
        ),
        Sentence(
            en="More than half of the pledged money accepts an answer; who says nothing goes with "
            "the owner of the request. Each pays its part of the price, never more than it "
            "pledged, and VAT.",
            da="Et svar antages af mere end halvdelen af pengene; den, der intet siger, følger "
            "ejeren. Hver betaler sin andel af prisen, aldrig mere end sit tilsagn, og moms.",
        ),
        Sentence(
            en="A promise is invoiced on delivery. What is prepaid counts when it is paid in, is "
            "held by the exchange, and pays the invoice; the rest goes back.",
            da="Et løfte faktureres ved levering. Forudbetalte penge tæller, når de er indbetalt, "
            "opbevares af markedspladsen og betaler fakturaen; resten går tilbage.",
        ),
        Sentence(
            en=f"If nothing is delivered by the promised day, or by {last.en}, all are free.",
            da=f"Leveres der ikke inden den lovede dag eller {last.da}, er alle frie.",
        ),
    )
