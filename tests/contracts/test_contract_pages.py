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
