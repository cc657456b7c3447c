"""Answers with noise beside exact figures: both are let out only where the provider says why."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from torvet import privacy
from torvet.privacy.errors import CertificateInvalid
from torvet.privacy.statements import Read

from .test_gate import certificate, policy_of, set_policy
from .test_gate_versions import readings

pytestmark = pytest.mark.slow

WHY = "the city council wants yearly sums in its budget"
ANSWERS = {
    "unit": "meter_id", "slot": ["hour"], "slots_per_unit": 24, "keys": {"zone": [0, 1, 2]},
    "bounds": {"energy_wh": [0, 2000]}, "micro_rho_per_consumer": 1000,
    "micro_rho_per_dataset": 5000,
}  # fmt: skip


@pytest.fixture
def summed(alma):
    """A dataset that has exact sums, and the policy that they are by."""
    slug = alma.describe()["slug"]
    alma.publish(slug, readings(range(90)), "r.csv")
    policy = policy_of(alma, slug)
    set_policy(alma, slug, policy)
    return slug, policy


def answering(policy, **more):
    return policy | {"treatment": "answers", "answers": ANSWERS} | more


def test_answers_beside_exact_sums_wait_until_their_provider_says_why(alma, summed):
    slug, policy = summed
    set_policy(alma, slug, answering(policy))
    waiting = alma.publish(slug, readings(range(90)), "again.csv")

    assert waiting["stage"] == "held"
    assert "release 1 shows exact figures of these people" in waiting["error"]
    assert "`beside` has to say why" in waiting["error"]

    set_policy(alma, slug, answering(policy, beside=WHY))
    assert alma.get(f"/api/deliveries/{waiting['id']}")["stage"] == "published"
    said = " ".join(certificate(alma, slug, 2).certificate.remarks)
    assert "the budget bounds what answers tell, and not what both tell together" in said
    assert WHY in said
    with alma.parts.db.begin() as tx:
        dataset = alma.get(f"/api/datasets/{slug}")["id"]
        assert "(release 1)" in privacy.beside_answers(tx, dataset)


def test_exact_sums_beside_answers_wait_too(alma):
    slug = alma.describe()["slug"]
    alma.publish(slug, readings(range(90)), "r.csv")
    policy = policy_of(alma, slug)
    set_policy(alma, slug, answering(policy))
    set_policy(alma, slug, policy)

    waiting = alma.publish(slug, readings(range(90)), "again.csv")

    assert waiting["stage"] == "held"
    assert "release 1 gives answers within a budget" in waiting["error"]
    set_policy(alma, slug, policy | {"beside": WHY})
    assert alma.get(f"/api/deliveries/{waiting['id']}")["stage"] == "published"


def test_a_reason_that_says_nothing_is_no_reason(alma, summed):
    slug, policy = summed

    problem = alma.send(
        "PUT", f"/api/datasets/{slug}/privacy", answering(policy, beside="because"), 422
    )

    assert "`beside` says why" in problem["title"]


def test_what_a_budget_comes_to_is_stated_and_signed_at_the_moment_asked_for(alma, nobody, facts):
    slug = alma.describe()["slug"]
    alma.publish(slug, readings(range(90)), "r.csv")
    nobody.get(f"/api/datasets/{slug}/budget", 404)
    set_policy(alma, slug, answering(policy_of(alma, slug)))

    content = nobody.client.get(f"/api/datasets/{slug}/budget").content

    read = Read.from_bytes(content)
    assert read.genuine(alma.parts.keys.signing.public_key())
    assert not read.genuine(Ed25519PrivateKey.generate().public_key())
    assert read.stated["spent_micro_rho"] == 0
    assert read.stated["limit_micro_rho"] == 5000
    assert read.stated["units"] == [{"from_release": 1, "unit": "meter_id"}]
    assert read.stated["remarks"] == []
    changed = json.loads(content)
    changed["statement"]["spent_micro_rho"] = 1
    assert not Read.from_bytes(json.dumps(changed).encode()).genuine(
        alma.parts.keys.signing.public_key()
    )
    said = " ".join(certificate(alma, slug).certificate.remarks)
    assert f"/api/datasets/{slug}/budget" in said


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"kind": "torvet-signed-statement/1"}',
     b'{"kind": "other", "statement": {}, "signature": "' + base64.b64encode(b"x") + b'"}'],
)  # fmt: skip
def test_what_is_no_statement_is_not_read(content):
    with pytest.raises(CertificateInvalid):
        Read.from_bytes(content)
