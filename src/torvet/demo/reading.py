"""Chapters three and four: the start-up finds, agrees and reads; what is not allowed is refused."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import delta_sharing
import httpx2
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from .stage import Stage, answer_of, expect, refusal_of

_SECRETS = ("customer_id", "meter_id", "energy_label")
_EXPIRES_AFTER = timedelta(hours=1)
_FORMATS = {
    "JSON": "application/json",
    "CSV": "text/csv",
    "NDJSON": "application/x-ndjson",
    "Parquet": "application/vnd.apache.parquet",
    "Arrow": "application/vnd.apache.arrow.stream",
}


def search(stage: Stage) -> str:
    """Search in Danish and in English, and find the same dataset."""
    found = {
        word: [it["slug"] for it in stage.get("startup", "/api/datasets", q=word)["items"]]
        for word in ("parkering", "car parks", "fjernvarme", "electricity price")
    }
    for word in ("parkering", "car parks"):
        expect("aarhus-parking" in found[word], f"a search for {word} finds {found[word]}")
    return "; ".join(f"“{word}” finds {', '.join(slugs)}" for word, slugs in found.items())


def look(stage: Stage) -> str:
    """See preview, schema with units, profile and quality before anything is agreed."""
    path = "/api/datasets/aarhus-parking/releases/2"
    profile = stage.get("startup", f"{path}/profile")
    quality = stage.get("startup", f"{path}/quality")
    preview = stage.get("startup", f"{path}/preview")
    units = {column["name"]: column.get("unit") for column in profile["columns"]}
    expect(units.get("occupied") == "cars", f"the unit of `occupied` is {units}")
    expect(preview["rows"], "the preview is empty")
    stage.saw["quality"] = quality
    measured = [dimension for dimension in quality["dimensions"] if dimension["score"] is not None]
    worst = min(measured, key=lambda dimension: dimension["score"])
    return f"{len(units)} columns; {worst['name']} {worst['score']}: {worst['sentence']}"


def accept(stage: Stage) -> str:
    """Accept three offers: each becomes a contract at once, in plain words."""
    stage.saw["contracts"] = {}
    for slug in ("aarhus-parking", "dk-price-co2", "heat-meter-buildings"):
        offer = stage.saw["offers"][slug]["id"]
        made = stage.post(
            "startup", f"/api/offers/{offer}/contracts", {"purpose": "ResearchAndDevelopment"}
        )
        expect(made["stage"] == "agreed", f"the contract on {slug} is {made['stage']}")
        stage.saw["contracts"][slug] = made
    return " ".join(stage.saw["contracts"]["heat-meter-buildings"]["words"]["en"][-4:])


def take_profiles(stage: Stage) -> str:
    """Take a Delta Sharing profile file for each contract."""
    stage.saw["profiles"] = {}
    for slug, contract in stage.saw["contracts"].items():
        file = stage.folder / f"{slug}.share"
        file.touch(mode=0o600)
        made = stage.post("startup", f"/api/contracts/{contract['id']}/profile")
        file.write_text(json.dumps(made), encoding="utf-8")
        stage.saw["profiles"][slug] = str(file)
    return f"{len(stage.saw['profiles'])} profile files"


def read_with_pandas(stage: Stage) -> str:
    """Read with the ordinary Delta Sharing client, in both formats, at both versions."""
    table = _table(stage, "aarhus-parking")
    first = delta_sharing.load_as_pandas(table, version=1)
    by_parquet = delta_sharing.load_as_pandas(table, use_delta_format=False)
    by_delta = delta_sharing.load_as_pandas(table, use_delta_format=True)
    order = ["garage", "ts"]
    pd.testing.assert_frame_equal(
        by_parquet.sort_values(order, ignore_index=True),
        by_delta.sort_values(order, ignore_index=True)[by_parquet.columns],
        check_dtype=False,
    )
    stage.saw["read"] = {"version 1": len(first), "version 2": len(by_delta)}
    expect(len(first) < len(by_delta), "version 2 holds no more rows than version 1")
    busiest = by_delta.groupby("garage")["occupied"].mean().idxmax()
    return f"version 1: {len(first):,} rows, version 2: {len(by_delta):,}; busiest is {busiest}"


def read_changes(stage: Stage) -> str:
    """Read the change feed: what release 2 brought."""
    changes = delta_sharing.load_table_changes_as_pandas(
        _table(stage, "aarhus-parking"), starting_version=2, ending_version=2
    )
    kinds = {str(kind): int(n) for kind, n in changes["_change_type"].value_counts().items()}
    brought = stage.saw["read"]["version 2"] - stage.saw["read"]["version 1"]
    expect(kinds == {"insert": brought}, f"the change feed says {kinds}, not {brought} inserts")
    return f"{brought:,} rows were inserted by release 2"


def read_over_rest(stage: Stage) -> str:
    """Read the same hundred rows over REST in five formats."""
    path = f"/api/contracts/{stage.saw['contracts']['aarhus-parking']['id']}/rows"
    asked = {"columns": "garage,ts,occupied", "filter": "garage = 'BRUUNS'", "limit": "100"}
    lengths = {}
    for name, media in _FORMATS.items():
        answer = stage.client("startup").get(path, params=asked, headers={"Accept": media})
        expect(answer.is_success, f"{name}: {answer.status_code} {answer.text[:200]}")
        lengths[name] = _rows_in(name, answer.content)
    expect(set(lengths.values()) == {100}, f"100 rows were asked for, and came: {lengths}")
    return f"100 rows each as {', '.join(lengths)}"


def refuse_column(stage: Stage) -> str:
    """Ask for a column that the contract withholds, and look for it in every byte."""
    contract = stage.saw["contracts"]["heat-meter-buildings"]["id"]
    answer = stage.client("startup").get(
        f"/api/contracts/{contract}/rows", params={"columns": "unit_type,energy_label"}
    )
    problem = refusal_of(answer, 403)
    frame = delta_sharing.load_as_pandas(_table(stage, "heat-meter-buildings"))
    expect(set(frame["unit_type"]) == {"single_family_house"}, "other rows came through")
    for name, content in _bytes_within_reach(stage, "heat-meter-buildings"):
        for secret in _SECRETS:
            expect(secret.encode() not in content, f"{name} holds {secret}")
    return "; ".join(problem["reasons"])


def refuse_strangers(stage: Stage) -> str:
    """A citizen asks for the start-up's contract and share: for them, neither is there."""
    contract = stage.saw["contracts"]["aarhus-parking"]
    refusal_of(stage.client("citizen").get(f"/api/contracts/{contract['id']}/rows"), 404)
    share = f"/sharing/shares/{contract['share']}"
    refusal_of(stage.client("citizen").get(share), 404)
    return "404: nothing is said about what is not yours"


def refuse_expired(stage: Stage) -> str:
    """Agree for an hour, let it pass, and read: every reason is named."""
    soon = stage.machine.clock.now() + _EXPIRES_AFTER
    offer = stage.post(
        "city",
        "/api/datasets/aarhus-road-segments/offers",
        {
            "title": "A short look",
            "clauses": [
                {"clause": "validity", "start": None, "end": soon.isoformat()},
                {"clause": "columns", "names": ["REPORT_ID", "DISTANCE_IN_METERS"]},
            ],
            "preview_acknowledged": True,
        },
    )
    made = stage.post(
        "startup", f"/api/offers/{offer['id']}/contracts", {"purpose": "ResearchAndDevelopment"}
    )
    rows = f"/api/contracts/{made['id']}/rows"
    stage.get("startup", rows, limit=1)
    stage.machine.clock.until(soon)
    answer = stage.client("startup").get(rows, params={"columns": "REPORT_ID,ORGANISATION"})
    problem = refusal_of(answer, 403)
    expect(len(problem["reasons"]) >= 2, f"only {problem['reasons']} is named")  # noqa: PLR2004 - both reasons
    return "; ".join(problem["reasons"])


def refuse_revoked(stage: Stage) -> str:
    """The provider revokes; the very next read, and our file address from before, are refused."""
    contract = stage.saw["contracts"]["dk-price-co2"]["id"]
    urls = _file_urls(stage, "dk-price-co2")
    expect(httpx2.get(urls[0]).is_success, "a file cannot be fetched before it is revoked")
    reason = "The series moves to another desk."
    stage.post("tso", f"/api/contracts/{contract}/revocation", {"reason": reason})
    answer = stage.client("startup").get(f"/api/contracts/{contract}/rows")
    problem = refusal_of(answer, 403)
    reasons = "; ".join(problem["reasons"])
    stage.saw["files from"] = "us" if urls[0].startswith(stage.url) else "the store"
    if stage.saw["files from"] != "us":
        # A store's own address is signed for a time, and the store knows of no contract.
        return f"{reasons} (the store's own file addresses run out by themselves)"
    fetched = httpx2.get(urls[0])
    expect(fetched.status_code == httpx2.codes.FORBIDDEN, "a file address outlived its contract")
    return reasons


def _table(stage: Stage, slug: str) -> str:
    profile = stage.saw["profiles"][slug]
    table = delta_sharing.SharingClient(profile).list_all_tables()[0]
    return f"{profile}#{table.share}.{table.schema}.{table.name}"


def _rows_in(name: str, content: bytes) -> int:
    match name:
        case "JSON":
            return len(json.loads(content)["rows"])
        case "NDJSON":
            return len(content.splitlines())
        case "CSV":
            return int(pyarrow.csv.read_csv(io.BytesIO(content)).num_rows)
        case "Parquet":
            return int(pq.read_table(io.BytesIO(content)).num_rows)
        case _:
            return int(pa.ipc.open_stream(content).read_all().num_rows)


def _sharing(stage: Stage, slug: str, call: str, body: dict[str, Any] | None = None) -> str:
    """Call the sharing server as its client would, and return the raw answer."""
    profile = json.loads(Path(stage.saw["profiles"][slug]).read_text(encoding="utf-8"))
    with httpx2.Client(headers={"Authorization": f"Bearer {profile['bearerToken']}"}) as client:
        table = delta_sharing.SharingClient(stage.saw["profiles"][slug]).list_all_tables()[0]
        path = (
            f"{profile['endpoint'].rstrip('/')}/shares/{table.share}/schemas/{table.schema}"
            f"/tables/{table.name}/{call}"
        )
        answer = client.get(path) if body is None else client.post(path, json=body)
    if not answer.is_success:
        answer_of(answer)
    return answer.text


def _file_urls(stage: Stage, slug: str) -> list[str]:
    lines = [json.loads(line) for line in _sharing(stage, slug, "query", {}).splitlines()]
    return [line["file"]["url"] for line in lines if "file" in line]


def _bytes_within_reach(stage: Stage, slug: str) -> list[tuple[str, bytes]]:
    seen = [
        (call, _sharing(stage, slug, call).encode())
        for call in ("metadata", "changes?startingVersion=0")
    ]
    contract = stage.saw["contracts"][slug]["id"]
    for media in _FORMATS.values():
        path = f"/api/contracts/{contract}/rows"
        seen.append((media, stage.client("startup").get(path, headers={"Accept": media}).content))
    for url in _file_urls(stage, slug):
        content = httpx2.get(url).content
        seen.append(("a shared file", content))
        names = ", ".join(pq.read_schema(io.BytesIO(content)).names)
        seen.append(("a shared file's schema", names.encode()))
    return seen
