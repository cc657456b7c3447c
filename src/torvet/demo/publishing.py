"""Chapters one and two: organisations register, describe, offer and publish."""

import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx2

from torvet import __version__

from .cast import people, person
from .stage import DATA, DESCRIPTIONS, Stage, answer_of, expect

_POLL_S = 0.05
_WAIT_S = 120.0
PARKING_FIRST = "aarhus-parking-2014-05-to-08.csv.gz"
PARKING_SECOND = "aarhus-parking-2014-09-to-10.csv.gz"
PURPOSES = {"clause": "purposes", "codes": ["ResearchAndDevelopment", "ServiceProvision"]}


def register(stage: Stage) -> str:
    """Make the accounts and organisations of the cast."""
    with httpx2.Client(base_url=stage.url, timeout=60) as anyone:
        for who in people():
            account = {"email": who.email, "name": who.name, "password": who.password}
            answer_of(anyone.post("/api/accounts", json=account))
    for who in people():
        if it := who.organisation:
            client = stage.client(who.key)
            client.headers.pop("X-Torvet-Party", None)
            body = {"name": it.name, "kind": it.kind, "cvr": it.cvr, "slug": it.slug}
            answer_of(client.post("/api/organisations", json=body))
            client.headers["X-Torvet-Party"] = it.slug
    stage.machine.appoint(person("operator").email)
    names = [who.organisation.name if who.organisation else who.name for who in people()]
    return ", ".join(names)


def describe(stage: Stage) -> str:
    """Describe four datasets, each by its provider."""
    owners = {
        "aarhus-parking": "city",
        "aarhus-road-segments": "city",
        "dk-price-co2": "tso",
        "heat-meter-buildings": "heat",
    }
    for slug, key in owners.items():
        described(stage, key, slug)
    return f"{len(owners)} datasets, in Danish and English"


def described(stage: Stage, key: str, slug: str) -> None:
    """Make a dataset from its description."""
    words = json.loads((DESCRIPTIONS / f"{slug}.json").read_text(encoding="utf-8"))
    stage.post(key, "/api/datasets", words)


def publish_parking(stage: Stage) -> str:
    """Publish the first delivery of parking: a gzipped CSV, as it is."""
    return _publish(stage, "city", "aarhus-parking", PARKING_FIRST)


def publish_roads(stage: Stage) -> str:
    """Publish the road segments: a CSV, as it is."""
    return _publish(stage, "city", "aarhus-road-segments", "aarhus-road-segments.csv")


def publish_prices(stage: Stage) -> str:
    """Publish prices and CO2: a Parquet file, as it is."""
    return _publish(stage, "tso", "dk-price-co2", "dk-price-co2-hourly-2025-2026.parquet")


def deliver_heat(stage: Stage) -> str:
    """Deliver the heat buildings: they are homes, so the delivery waits for a policy."""
    name = "heat-meter-buildings.csv.gz"
    it = delivered(stage, "heat", "heat-meter-buildings", _shipped(name))
    expect(it["stage"] == "held", f"rows about homes were not held: {it}")
    stage.saw["held"] = it["id"]
    return str(it["error"])


def publish_heat(stage: Stage) -> str:
    """Set the policy that the exchange proposes; the delivery goes on, anonymised."""
    path = "/api/datasets/heat-meter-buildings/privacy"
    proposal = stage.get("heat", f"{path}/proposal")
    stage.put("heat", path, proposal["policy"])
    said = _published(stage, "heat", followed(stage, "heat", stage.saw["held"]))
    signed = stage.get("heat", "/api/datasets/heat-meter-buildings/releases/1/certificate")
    made = signed["certificate"]
    tried = ", ".join(outcome["name"] for outcome in made["attacks"])
    expect(all(outcome["passed"] for outcome in made["attacks"]), f"an attack succeeded: {made}")
    stage.saw["certificate"] = signed
    return f"{said}; {made['models_found']['k']} homes or more look alike; withstood {tried}"


def publish_parking_again(stage: Stage) -> str:
    """Append a second delivery of parking, which becomes release 2."""
    said = _publish(stage, "city", "aarhus-parking", PARKING_SECOND, mode="append")
    number = stage.saw["published"]["aarhus-parking"]["release"]
    expect(number == 2, f"the second delivery became release {number}, not 2")  # noqa: PLR2004 - the second
    return said


def offer(stage: Stage) -> str:
    """Offer all four under clauses; the heat buildings without their energy labels."""
    next_year = datetime(stage.machine.clock.now().year + 2, 1, 1, tzinfo=UTC).isoformat()
    common = [
        PURPOSES,
        {"clause": "validity", "start": None, "end": next_year},
        {"clause": "attribution", "text": "See the dataset's page for whom to name."},
        {"clause": "no-onward-sharing"},
    ]
    offers = {
        ("city", "aarhus-parking"): [*common, {"clause": "rows-per-day", "rows": 2_000_000}],
        ("city", "aarhus-road-segments"): common,
        ("tso", "dk-price-co2"): common,
        ("heat", "heat-meter-buildings"): [
            *common,
            {
                "clause": "columns",
                "names": ["unit_type", "construction_year"],
            },
            {
                "clause": "row-filter",
                "filter": {"column": "unit_type", "op": "=", "value": "single_family_house"},
            },
            {"clause": "no-reidentification"},
        ],
    }
    stage.saw["offers"] = {}
    for (key, slug), clauses in offers.items():
        body = {"title": "Use with attribution", "clauses": clauses, "preview_acknowledged": True}
        stage.saw["offers"][slug] = stage.post(key, f"/api/datasets/{slug}/offers", body)
    return "purpose, validity, attribution, no onward sharing; heat without energy labels"


def _publish(stage: Stage, key: str, slug: str, name: str, mode: str = "replace") -> str:
    it = delivered(stage, key, slug, _shipped(name), mode)
    expect(it["stage"] == "published", f"{name}: {it}")
    return _published(stage, key, it)


def delivered(
    stage: Stage, key: str, slug: str, file: tuple[str, bytes], mode: str = "replace"
) -> dict[str, Any]:
    """Upload a file, deliver it to a dataset, and wait for what comes of it."""
    upload = _upload(stage, key, *file)
    it = stage.post(key, f"/api/datasets/{slug}/deliveries", {"upload": upload, "mode": mode})
    return followed(stage, key, it["id"])


def followed(stage: Stage, key: str, delivery: str) -> dict[str, Any]:
    """Wait until a delivery is a release, failed, or waits for somebody."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        it: dict[str, Any] = stage.get(key, f"/api/deliveries/{delivery}")
        if it["stage"] in {"published", "failed", "held"}:
            return it
        expect(time.monotonic() < deadline, f"{delivery} is still {it['stage']}")
        time.sleep(_POLL_S)


def _published(stage: Stage, key: str, it: dict[str, Any]) -> str:
    slug = it["dataset"]
    expect(it["stage"] == "published", f"{slug} failed: {it}")
    release = stage.get(key, f"/api/datasets/{slug}/releases/{it['release']}")
    quality = stage.get(key, f"/api/datasets/{slug}/releases/{it['release']}/quality")
    stage.saw.setdefault("published", {})[slug] = {
        "release": it["release"],
        "rows": release["rows"],
        "columns": len(release["columns"]),
        "rejected": it["rejected"],
        "quality": quality["score"],
    }
    return (
        f"release {it['release']}: {release['rows']:,} rows, {len(release['columns'])} columns,"
        f" quality {quality['score']} of 100"
    )


def _shipped(name: str) -> tuple[str, bytes]:
    return name, (DATA / name).read_bytes()


def _upload(stage: Stage, key: str, name: str, content: bytes) -> str:
    made: dict[str, Any] = stage.post(
        key,
        "/api/uploads",
        {
            "file_name": name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
    )
    headers = {
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "User-Agent": f"torvet-demo/{__version__}",
    }
    client = stage.client(key)
    answer_of(client.patch(f"/api/uploads/{made['id']}", content=content, headers=headers))
    return str(made["id"])
