"""A request is answered, and a contract ended, from its page."""

import pytest

HEADERS = {"Accept": "text/html", "Origin": "http://testserver"}


def _page(person, path, expected=200):
    answer = person.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == expected
    return answer.text


def _sent(person, path, form=None, expected=200):
    answer = person.client.post(path, data=form, headers=HEADERS)
    assert answer.status_code == expected, answer.text
    return answer.text


@pytest.fixture
def asked(alma, bo):
    """The address of a contract that bo asks of alma."""
    return f"/contracts/{bo.accept(alma.offer(approval='on-request'))['id']}"


def test_a_provider_approves_on_the_page_and_ends_it_there(alma, bo, asked):
    assert "Approve the request" in _page(alma, asked)
    assert "Approve the request" not in _page(bo, asked)

    assert "Contract, agreed" in _sent(alma, f"{asked}/approval")
    ended = _sent(alma, f"{asked}/revocation", {"reason": "The source is closed."})

    assert "The source is closed." in ended
    assert "Revoke" not in ended


def test_a_provider_refuses_and_the_consumer_reads_why(alma, bo, asked):
    _sent(alma, f"{asked}/refusal", {"reason": "Not for this purpose."})

    assert "Not for this purpose." in _page(bo, asked)


def test_a_form_that_cannot_be_done_is_explained_as_a_page(alma, bo, asked):
    said = _sent(bo, f"{asked}/approval", expected=403)
    unfit = _sent(alma, f"{asked}/refusal", {"reason": ""}, expected=422)

    assert "<h1" in said
    assert "Nothing was changed" in said
    assert "<h1" in unfit
    assert "reason" in unfit


GIVE_BACK = {"clause": "give-back", "what": "dataset", "days": 30, "text": "The cleaned one"}


@pytest.fixture
def agreed(alma, bo):
    """The address of a contract under which bo owes alma a dataset."""
    offer = alma.offer(GIVE_BACK, price="500 DKK per month")
    return f"/contracts/{bo.accept(offer, seen=offer['digest'])['id']}"


def test_a_consumer_ends_its_contract_on_the_page_and_reads_what_that_means(alma, bo, agreed):
    before = _page(bo, agreed)

    assert "The next read is refused. What was used until now is charged" in before
    assert "End the contract" not in _page(alma, agreed)
    ended = _sent(bo, f"{agreed}/ending", {"reason": "We are done."})

    assert "Contract, ended" in ended
    assert "We are done." in _page(alma, agreed)
    assert "End the contract" not in ended


def test_a_consumer_takes_a_request_back(bo, asked):
    assert "Take the request back" in _page(bo, asked)
    assert "Contract, ended" in _sent(bo, f"{asked}/ending")


def test_what_is_owed_is_said_to_be_done_and_opened_again(alma, bo, agreed):
    path = f"{agreed}/duties/give-back"
    assert "Say that it is done" in _page(bo, agreed)
    assert "Say that it is done" not in _page(alma, agreed)

    done = _sent(bo, f"{path}/done", {"words": "It is parking-cleaned."})
    assert "It is parking-cleaned." in _page(alma, agreed)
    opened = _sent(alma, f"{path}/reopening", {"reason": "It lacks a column."})

    assert ">done</span>" in done
    assert ">open</span>" in opened
    assert "It lacks a column." in _page(bo, agreed)


def test_duties_are_done_by_whose_they_are(alma, bo, carla, agreed):
    path = f"{agreed}/duties/give-back"

    _sent(alma, f"{path}/done", {"words": "Mine"}, 403)
    _sent(bo, f"{path}/done", {"words": ""}, 422)
    _sent(bo, f"{path}/reopening", {"reason": "No"}, 403)
    _sent(bo, f"{agreed}/duties/thanks/done", {"words": "Thanks"}, 404)
    for deed in ("duties/give-back/done", "duties/give-back/reopening", "ending"):
        _sent(carla, f"{agreed}/{deed}", {"words": "Hm", "reason": "Hm"}, 404)


def test_terms_price_and_promises_are_said_in_danish_as_well(bo, agreed):
    said = _page(bo, agreed)

    danish = said[said.index("På dansk") :]
    assert "Til gengæld gives et datasæt igen inden 30 dage" in danish
    assert "500,00\xa0kr. om måneden, betalt forud." in danish
