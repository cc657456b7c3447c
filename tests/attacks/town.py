"""A town with secrets: what lies behind each door, and everybody who tries to open it.

Alma of the City of Aarhus publishes four datasets, each seen by other people. Bo reads one of
them under a contract. Carla publishes something of her own and has no contract; Dora is a
citizen. Every secret is a word of its own, so that any byte tells where it came from.
"""

import itertools
from contextlib import ExitStack
from dataclasses import dataclass, field

from starlette.testclient import TestClient

from torvet.audit import seal
from torvet.jobs import run_worker

PASSWORD = "a square with many stalls"
_CVRS = {"aarhus": "55133018", "startup": "29189846", "stranger": "10150817"}
_PREVIEW = {"columns": ["id"], "rows": 3}
_numbers = itertools.count(1)

COLUMN = "hemmeligkolonne"
"""The name of a column that the contract withholds; anyone who sees the dataset may know it."""
CELL = "svaleredekvarts"
"""A value of the withheld column."""
ROW = "gaestebudsgade"
"""A value in a withheld row, of a column that is shared."""
REJECTED = "kasseretvaerdi"
"""A value in a row that did not fit."""
HIDDEN = "skjultehimmelbjerg"
"""In title, slug, keyword, column and values of the hidden dataset."""
CIRCLE = "kredsensforedrag"
"""In title, slug, keyword, column and values of the dataset for a circle."""
METADATA = "kunmetadatavaerdi"
"""A value of the dataset that shows its metadata only."""
STRANGERS = "carlashemmelighed"
"""In title and values of Carla's own hidden dataset."""
NOTE = "notemellemtoparter"
"""What Bo wrote to Alma on accepting."""
AUDIENCE = "tilbudforkredsen"
"""The title of an offer for Bo alone."""
SECRETS = (CELL, ROW, REJECTED, HIDDEN, CIRCLE, METADATA, STRANGERS, NOTE, AUDIENCE)

_OF_ALMA = frozenset(SECRETS) - {STRANGERS}
MAY_KNOW = {
    "alma": _OF_ALMA,
    "bo": frozenset({CIRCLE, NOTE, AUDIENCE}),
    "carla": frozenset({STRANGERS}),
    "dora": frozenset(),
    "nobody": frozenset(),
    "share token": frozenset({NOTE}),
    "strangers share token": frozenset(),
}
"""Which secrets each may find in the bytes that they get."""


@dataclass
class Resident:
    """Somebody with their own way in: a cookie, a bearer or nothing."""

    client: TestClient
    party: str = ""
    citizen: str = "citizen-0"
    headers: dict = field(default_factory=dict)

    def ask(self, method, path, **more):
        headers = {**self.headers, **more.pop("headers", {})}
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def made(self, path, body, expected=201):
        answer = self.ask("POST", path, json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()


@dataclass
class Town:
    """Everybody by name, and the ids of everything by the name of its place in an address."""

    app: object
    parts: object
    doors: ExitStack
    people: dict = field(default_factory=dict)
    ids: dict = field(default_factory=dict)
    bearers: list = field(default_factory=list)

    def settle(self):
        """Build the town through its public doors."""
        self._people()
        self._datasets()
        self._contracts()
        run_worker(self.parts, once=True)
        seal(self.parts)
        return self

    def bearer(self, secret):
        self.bearers.append(secret)
        return Resident(self._client(), headers={"Authorization": f"Bearer {secret}"})

    def token(self, name, *scopes):
        wish = {"name": "a machine", "scopes": list(scopes)}
        made = self.people[name].made("/api/tokens", wish)
        return made["id"], made["secret"]

    def _client(self):
        return self.doors.enter_context(TestClient(self.app, raise_server_exceptions=False))

    def _people(self):
        homes = {"alma": "aarhus", "bo": "startup", "carla": "stranger", "dora": None}
        for name, organisation in homes.items():
            person = Resident(self._client())
            email = f"{name}.{next(_numbers)}@example.org"
            account = {"email": email, "name": name.title(), "password": PASSWORD}
            person.made("/api/accounts", account)
            person.made("/api/session", {"email": email, "password": PASSWORD})
            person.citizen = person.ask("GET", "/api/me").json()["memberships"][0]["party"]["slug"]
            if organisation:
                wish = {"name": organisation, "kind": "private", "cvr": _CVRS[organisation]}
                person.party = person.made("/api/organisations", wish)["slug"]
            self.people[name] = person
        self.people["nobody"] = Resident(self._client())

    def _datasets(self):
        alma, carla = self.people["alma"], self.people["carla"]
        self._dataset(
            alma, "aabne-pladser", "Parking", _rows(CELL), visibility="public", preview=_PREVIEW
        )
        self._dataset(alma, f"{HIDDEN}-1", HIDDEN, _rows(HIDDEN), visibility="hidden",
                      keywords=[HIDDEN], theme="HEAL", frequency="DECENNIAL")  # fmt: skip
        self._dataset(alma, "kun-metadata", "Metadata", _rows(METADATA), visibility="metadata")
        self._dataset(alma, f"{CIRCLE}-1", CIRCLE, _rows(CIRCLE), visibility="circle",
                      keywords=[CIRCLE], circle=[self.people["bo"].party], theme="JUST", preview=_PREVIEW)  # fmt: skip
        self._dataset(carla, f"{STRANGERS}-1", STRANGERS,
                      _rows(STRANGERS, row=STRANGERS, rejected=STRANGERS),
                      visibility="hidden")  # fmt: skip

    def _dataset(self, owner, slug, title, content, **more):
        wish = {"slug": slug, "title": {"en": title}, **more}
        made = owner.made("/api/datasets", wish)
        upload = owner.ask(
            "POST", "/api/uploads/direct", params={"file_name": "streets.csv"}, content=content
        ).json()["id"]
        schema = [
            {"name": "id", "type": "integer"},
            {"name": "street", "type": "text"},
            {"name": COLUMN, "type": "text"},
            {"name": "pay", "type": "integer"},
        ]
        wish = {"upload": upload, "mode": "replace", "schema": schema}
        delivery = owner.made(f"/api/datasets/{slug}/deliveries", wish, 202)["id"]
        run_worker(self.parts, once=True)
        done = owner.ask("GET", f"/api/deliveries/{delivery}").json()
        assert (done["stage"], done["rejected"]) == ("published", 1), done
        self._keep(slug=made["slug"], dataset=made["id"], upload_id=upload, delivery=delivery)

    def _contracts(self):
        alma, bo, carla = (self.people[name] for name in ("alma", "bo", "carla"))
        clauses = [
            {"clause": "columns", "names": ["id", "street"]},
            {"clause": "row-filter", "filter": "street = 'Torvet'"},
        ]
        contract = self._agreed(alma, bo, "aabne-pladser", "Parking for all", clauses)
        self._agreed(alma, bo, f"{CIRCLE}-1", "For a circle", clauses)
        closed = {"title": AUDIENCE, "audience": [bo.party], "preview_acknowledged": True}
        self._keep(offer_id=alma.made("/api/datasets/aabne-pladser/offers", closed)["id"])
        hers = {"title": STRANGERS, "audience": [bo.party], "preview_acknowledged": True}
        self._keep(offer_id=carla.made(f"/api/datasets/{STRANGERS}-1/offers", hers)["id"])
        profile = bo.made(f"/api/contracts/{contract}/profile", {})
        self.people["share token"] = self.bearer(profile["bearerToken"])
        # Anyone may make a token for a contract that is not theirs; it has to be worth nothing.
        token, secret = self.token("carla", f"share:{contract}")
        self.people["strangers share token"] = self.bearer(secret)
        member = bo.ask("GET", f"/api/organisations/{bo.party}/members").json()["items"][0]
        self._keep(token_id=token, account=member["account"])
        self._keep(token_id=self.token("bo", "read")[0])

        self._trust(bo, contract)
        self._wishes(alma, bo)

    def _wishes(self, alma, bo):
        """Terms that two negotiate, and data that one asks another for."""
        offer = alma.made("/api/datasets/aabne-pladser/offers", {"title": "Dear"})["id"]
        wish = {"purpose": "ResearchAndDevelopment", "price": "1 DKK once"}
        table = bo.made(f"/api/offers/{offer}/negotiations", wish)["id"]
        wish = {
            "title": {"en": "Noise at the square"},
            "purpose": "ResearchAndDevelopment",
            "theme": "ENVI",
            "deadline": "2027-01-01T00:00:00Z",
            "deliver_by": "2027-02-01T00:00:00Z",
            "circle": [alma.party],
        }
        self._keep(negotiation_id=table, request_id=bo.made("/api/wanted", wish)["id"])

    def _trust(self, bo, contract):
        """Something asked, something disputed, and something held."""
        wish = {"title": "Units", "words": "Which unit does the column have?"}
        asked = bo.made(f"/api/contracts/{contract}/questions", wish)["id"]
        wish = {"about": "service", "words": "It was not there."}
        dispute = bo.made(f"/api/contracts/{contract}/disputes", wish)["id"]
        paid = {"title": "Paid", "price": "1 DKK per row", "preview_acknowledged": True}
        offer = self.people["alma"].made("/api/datasets/aabne-pladser/offers", paid)
        wish = {"purpose": "ResearchAndDevelopment", "seen": offer["digest"], "prepaid": True}
        prepaid = bo.made(f"/api/offers/{offer['id']}/contracts", wish)["id"]
        held = bo.made(f"/api/contracts/{prepaid}/deposit", {}, 200)["id"]
        self._keep(question_id=asked, dispute_id=dispute, hold_id=held)

    def _agreed(self, provider, consumer, slug, title, clauses):
        terms = {"title": title, "clauses": clauses, "preview_acknowledged": True}
        offer = provider.made(f"/api/datasets/{slug}/offers", terms)["id"]
        wish = {"purpose": "ResearchAndDevelopment", "note": NOTE}
        made = consumer.made(f"/api/offers/{offer}/contracts", wish)
        self._keep(offer_id=offer, contract_id=made["id"], share=made["share"])
        return made["id"]

    def _keep(self, **ids):
        for name, value in ids.items():
            self.ids.setdefault(name, []).append(value)


def _rows(secret, row=ROW, rejected=REJECTED):
    """Ten rows: half of them stand in a street that is withheld, and one more does not fit."""
    lines = [f"id,street,{COLUMN},pay"]
    for number in range(10):
        street = f"{row} {number}" if number % 2 else "Torvet"
        lines.append(f"{number},{street},{secret} {number},{number * 100}")
    lines.append(f"11,Torvet,{secret},{rejected}")
    return ("\n".join(lines) + "\n").encode()
