"""Chapter of homes: their rows stay; what leaves is coarse and proven, or answers with noise."""

import csv
import io
import json
from typing import Any

import httpx2
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from torvet.audit.verifier import read_key
from torvet.privacy.verification import verify

from .publishing import delivered, described, followed
from .stage import Stage, answer_of, expect, refusal_of

READINGS = "home-readings"
HEAT = "heat-meter-buildings"
HOMES = 600
HOURS = 7 * 24
ZONES = ("Havnen", "Midtbyen", "Nordbyen")
SEED = 1_848
_MONDAY = "2026-01-{day:02d}T{hour:02d}:00:00"
_WH_MAX = 2_500
_PURPOSE = {"purpose": "ResearchAndDevelopment"}
ANSWERS = {
    "unit": "meter_id",
    "slot": ["day", "hour"],
    "slots_per_unit": HOURS,
    "derive": {
        "day": {"of": "read_at", "take": "date"},
        "hour": {"of": "read_at", "take": "hour"},
    },
    "keys": {"zone": list(ZONES), "hour": {"first": 0, "last": 23}},
    "bounds": {"wh": [0, _WH_MAX]},
    "micro_rho_per_answer": 100_000,
    "micro_rho_per_consumer": 250_000,
    "micro_rho_per_dataset": 1_000_000,
}
QUESTION = "SELECT zone, avg(wh) FROM answers GROUP BY zone"
SAME_QUESTION = "select zone, avg(wh) from answers where 1 = 1 group by zone"


def deliver_readings(stage: Stage) -> str:
    """Deliver hourly readings of homes: they wait, and an aggregate is proposed."""
    described(stage, "heat", READINGS)
    it = delivered(stage, "heat", READINGS, ("home-readings.csv", _readings()))
    expect(it["stage"] == "held", f"readings of homes were not held: {it}")
    stage.saw["readings"] = it["id"]
    proposal = stage.get("heat", f"/api/datasets/{READINGS}/privacy/proposal")
    found = {column["name"]: column["role"] for column in proposal["found"]["columns"]}
    expect(found["meter_id"] == "identifier", f"a meter identifies a home: {found}")
    stage.saw["proposal"] = proposal
    return f"{proposal['found']['reason']} Proposed: {proposal['policy']['treatment']}."


def refuse_rows(stage: Stage) -> str:
    """Ask for k-anonymous rows of homes by the hour: no k makes a pattern of days safe."""
    proposed = stage.saw["proposal"]["policy"]
    stage.put(
        "heat",
        f"/api/datasets/{READINGS}/privacy",
        {**proposed, "treatment": "anonymise", "aggregate": None},
    )
    it = followed(stage, "heat", stage.saw["readings"])
    expect(it["stage"] == "held", f"hourly rows of homes were released: {it}")
    return str(it["error"])


def give_answers(stage: Stage) -> str:
    """Set a policy of answers, and offer them: the release has no row."""
    proposed = stage.saw["proposal"]["policy"]
    path = f"/api/datasets/{READINGS}/privacy"
    policy = {**proposed, "treatment": "answers", "answers": ANSWERS}
    stage.put("heat", path, {**policy, "anonymise": None, "aggregate": None})
    it = followed(stage, "heat", stage.saw["readings"])
    expect(it["stage"] == "published", f"answers are not to be had: {it}")
    release = stage.get("heat", f"/api/datasets/{READINGS}/releases/1")
    expect(release["rows"] == 0, f"the release has {release['rows']} rows")
    offer = stage.post(
        "heat",
        f"/api/datasets/{READINGS}/offers",
        {"title": "Answers for research", "clauses": [{"clause": "answers"}]},
    )
    made = stage.post("startup", f"/api/offers/{offer['id']}/contracts", _PURPOSE)
    stage.saw["answers"] = {"contract": made["id"]}
    return " ".join(made["words"]["en"])


def ask(stage: Stage) -> str:
    """Ask what it costs, ask, and ask the same in other words: that is free."""
    contract = stage.saw["answers"]["contract"]
    path = f"/api/contracts/{contract}/answers"
    quoted = stage.post("startup", f"{path}/estimate", {"sql": QUESTION})
    told = stage.post("startup", path, {"sql": QUESTION})
    again = stage.post("startup", path, {"sql": SAME_QUESTION})
    expect(again["cells"] == told["cells"], "the same question had another answer")
    expect(again["charged"]["micro_rho"] == 0, f"the same question cost {again['charged']}")
    stage.saw["answers"] |= {"quoted": quoted, "told": told}
    means = [(cell["zone"], cell["mean(wh)"]) for cell in told["cells"]]
    said = ", ".join(
        f"{zone} {mean['value']:,.0f} ± {mean['half_width']:,.0f} Wh" for zone, mean in means
    )
    charged = told["charged"]
    return f"{said}; cost ρ = {charged['micro_rho'] / 1e6:g}, the same again nothing"


def refuse_overspending(stage: Stage) -> str:
    """Ask until the budget is spent, and for what is not in the grammar."""
    path = f"/api/contracts/{stage.saw['answers']['contract']}/answers"
    one_home = {"sql": "SELECT wh FROM answers WHERE meter_id = 'H0001'"}
    refusal_of(stage.client("startup").post(path, json=one_home), 422)
    by_hour = "SELECT hour, {measure} FROM answers GROUP BY hour"
    stage.post("startup", path, {"sql": by_hour.format(measure="sum(wh)")})
    more = {"sql": by_hour.format(measure="count(*)")}
    problem = refusal_of(stage.client("startup").post(path, json=more), 403)
    return str(problem["title"])


def verify_certificate(stage: Stage) -> str:
    """Take a release of homes, its certificate and the exchange's key home, and compute it anew."""
    offer = stage.post(
        "heat",
        f"/api/datasets/{HEAT}/offers",
        {"title": "All columns, for research", "clauses": [{"clause": "no-reidentification"}]},
    )
    made = stage.post("citizen", f"/api/offers/{offer['id']}/contracts", _PURPOSE)
    release = stage.folder / "heat-release"
    release.mkdir(exist_ok=True)
    for number, content in enumerate(_release_files(stage, made)):
        (release / f"{number}.parquet").write_bytes(content)
    certificate = stage.client("citizen").get(f"/api/datasets/{HEAT}/releases/1/certificate")
    answer_of(certificate)
    found = verify(release, certificate.content, _key(stage))
    failed = [line["what"] for line in found.lines if line["outcome"] == "fails"]
    expect(found.holds, f"the certificate is not true of the release: {failed}")
    held = sum(line["outcome"] == "holds" for line in found.lines)
    stage.saw["certificate verified"] = [dict(line) for line in found.lines]
    return f"{held} statements computed anew, each as it was signed"


def _key(stage: Stage) -> Ed25519PublicKey:
    key = stage.get("citizen", "/api/log/key")
    return read_key(json.dumps(key).encode()).public


def _release_files(stage: Stage, contract: dict[str, Any]) -> list[bytes]:
    """Fetch the very files of a release, by Delta Sharing."""
    profile = stage.post("citizen", f"/api/contracts/{contract['id']}/profile")
    with httpx2.Client(headers={"Authorization": f"Bearer {profile['bearerToken']}"}) as client:
        share = f"{profile['endpoint']}/shares/{contract['share']}"
        [table] = answer_of(client.get(f"{share}/all-tables"))["items"]
        asked = client.post(
            f"{share}/schemas/{table['schema']}/tables/{table['name']}/query", json={}
        )
        lines = [json.loads(line) for line in asked.text.splitlines()]
    urls = [line["file"]["url"] for line in lines if "file" in line]
    with httpx2.Client() as anyone:
        return [anyone.get(url).content for url in urls]


def _readings() -> bytes:
    """Write a week of readings of homes that nobody lives in, the same ones in every story."""
    draw = np.random.default_rng(SEED)
    level = draw.lognormal(6.6, 0.5, HOMES)
    evening = 1 + 0.4 * np.cos((np.arange(HOURS) % 24 - 19) / 24 * 2 * np.pi)
    use = level[:, None] * evening * draw.lognormal(0, 0.25, (HOMES, HOURS))
    content = io.StringIO()
    table = csv.writer(content)
    table.writerow(["meter_id", "read_at", "zone", "wh"])
    moments = [_MONDAY.format(day=5 + it // 24, hour=it % 24) for it in range(HOURS)]
    for home, wh in enumerate(np.minimum(use, _WH_MAX).astype(int).tolist()):
        zone = ZONES[home % len(ZONES)]
        table.writerows(
            (f"H{home:04d}", at, zone, each) for at, each in zip(moments, wh, strict=True)
        )
    return content.getvalue().encode()
