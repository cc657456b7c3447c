"""Usage events to record, as delivery records them."""

from datetime import UTC, datetime, timedelta

from torvet.audit import Fact

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
ALMA, BO, CARLA = "pt_alma", "pt_bo", "pt_carla"


def usage(contract="ct_1", *, minutes=0, channel="rest", parties=(ALMA, BO), rows=1, **more):
    body = {
        "contract": contract,
        "dataset": "ds_1",
        "release": 1,
        "channel": channel,
        "rows": rows,
        "bytes": 10 * rows,
        "requests": 1,
        "format": "json",
    }
    return Fact(
        name="usage",
        at=NOON + timedelta(minutes=minutes),
        actor="tk_1",
        subject=contract,
        parties=tuple(parties),
        body={**body, **more},
    )


def another(name="release-published"):
    return Fact(name=name, at=NOON, actor="ac_1", subject="ds_1", parties=(ALMA,), body={})
