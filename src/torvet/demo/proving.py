"""Chapter five: what was delivered is metered, and all of it is sealed and verified offline."""

import json
import time
from typing import Any

from torvet.audit.verifier import verify_files

from .stage import Stage, expect

_WAIT_S = 30.0
_POLL_S = 0.1


def keep_checkpoint(stage: Stage) -> str:
    """Note the log's size and root, as an outsider would, before anything is read."""
    note = stage.client("citizen").get("/api/log/checkpoint").text
    stage.saw["checkpoint"] = note
    size, root = note.splitlines()[1:3]
    return f"{size} facts, root {root}"


def meter(stage: Stage) -> str:
    """See what was delivered under the parking contract, by hour and channel."""
    contract = stage.saw["contracts"]["aarhus-parking"]["id"]
    deadline = time.monotonic() + _WAIT_S
    items: list[dict[str, Any]] = []
    # What a store hands out itself counts as it is shared: we do not see it fetched.
    channels = {"rest", "sharing"} | ({"file"} if stage.saw["files from"] == "us" else set())
    # Usage follows the sealed log, so it is there a moment later.
    while {item["channel"] for item in items} != channels:
        expect(time.monotonic() < deadline, f"usage shows only {items}")
        time.sleep(_POLL_S)
        items = stage.get("startup", "/api/usage", contract=contract)["items"]
    stage.saw["usage"] = items
    rows, octets = (sum(item[name] for item in items) for name in ("rows", "bytes"))
    requests = sum(item["requests"] for item in items)
    return f"{requests} requests, {rows:,} rows, {octets:,} bytes"


def seal(stage: Stage) -> str:
    """Take the exchange's key, a receipt of the contract's birth and a consistency proof."""
    page = stage.get("startup", "/api/log/facts", limit=500)
    agreed = next(fact for fact in page["items"] if fact.get("name") == "contract-agreed")
    noted = stage.saw["checkpoint"].splitlines()[1]
    taken = {
        "key": stage.get("startup", "/api/log/key"),
        "receipt": stage.get("startup", f"/api/log/facts/{agreed['position']}/receipt"),
        "consistency": stage.get("startup", "/api/log/consistency", first=noted),
    }
    for name, proof in taken.items():
        _file(stage, name).write_text(json.dumps(proof), encoding="utf-8")
    stage.saw["log"] = {"facts": page["size"], "checkpoint": page["checkpoint"]}
    return f"{page['size']} facts under one signed root"


def verify(stage: Stage) -> str:
    """Verify both offline, as `torvet verify` does."""
    report = verify_files(
        [_file(stage, "receipt"), _file(stage, "consistency")], _file(stage, "key")
    )
    stage.saw["verified"] = report
    expect(report["ok"], f"verification failed: {report}")
    return "; ".join(it["said"] for it in report["files"])


def tamper(stage: Stage) -> str:
    """Change one word of the fact in the receipt: the verifier must notice."""
    receipt = _file(stage, "receipt").read_text(encoding="utf-8")
    changed = receipt.replace("contract-agreed", "contract-refused", 1)
    expect(changed != receipt, "there was no word to change")
    forged = _file(stage, "forged")
    forged.write_text(changed, encoding="utf-8")
    report = verify_files([forged], _file(stage, "key"))
    expect(not report["ok"], "a changed fact was not noticed")
    return str(report["files"][0]["said"])


def _file(stage: Stage, name: str) -> Any:
    return stage.folder / f"{name}.json"
