import json
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.contracts import Validity
from torvet.delivery.files import Span, span_of
from torvet.delivery.signing import SIGNATURE

from .stage import parking


@pytest.fixture
def fetched(cast, http):
    """A contract, and the path of the one file that its table is made of."""

    def make(*clauses):
        dataset = cast.dataset_with_release(parking(50))
        contract = cast.agree(dataset, *clauses)
        return contract, url_of(cast, http, contract, dataset)

    return make


def url_of(cast, http, contract, dataset):
    answer = http.post(
        f"/sharing/shares/{contract.share}/schemas/alma-a-s/tables/{dataset.slug}/query",
        json={},
        headers={"Authorization": f"Bearer {cast.token(cast.bo)}"},
    )
    url = json.loads(answer.text.splitlines()[2])["file"]["url"]
    return url.removeprefix(cast.parts.settings.url)


def changed(url, **query):
    split = urlsplit(url)
    given_ = dict(parse_qsl(split.query))
    return f"{split.path}?{urlencode({**given_, **query})}"


def test_a_signed_url_opens_its_file_whole_or_in_part(http, fetched):
    _, url = fetched()

    whole = http.get(url)
    size = len(whole.content)
    part = http.get(url, headers={"Range": "bytes=4-9"})
    tail = http.get(url, headers={"Range": "bytes=-8"})
    head = http.head(url)

    assert whole.status_code == 200
    assert (whole.content[:4], whole.content[-4:]) == (b"PAR1", b"PAR1")
    assert whole.headers["content-type"] == "application/vnd.apache.parquet"
    assert (part.status_code, part.content) == (206, whole.content[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{size}"
    assert tail.content == whole.content[-8:]
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(size)
    assert head.headers["accept-ranges"] == "bytes"
    assert http.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416
    same = http.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_forged_url_opens_nothing_and_does_not_say_why(cast, http, fetched):
    contract, url = fetched()
    other, _ = fetched()
    split = urlsplit(url)
    forged = [
        changed(url, **{SIGNATURE: "0" * 64}),
        changed(url, **{SIGNATURE: ""}),
        changed(url, expires=9_999_999_999),
        changed(url, table="releases/other"),
        changed(url, release=7),
        url.replace(contract.id, other.id),
        f"{split.path}x?{split.query}",
        f"/files/{contract.id}/..%2F_delta_log%2F00000000000000000001.json?{split.query}",
        f"/files/{contract.id}/..%2F..%2F..%2Fkeys%2Fsecret?{split.query}",
        split.path,
    ]

    answers = [http.get(each) for each in forged]

    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    assert http.get(url).status_code == 200


def test_an_old_url_opens_nothing(cast, http, fetched):
    _, url = fetched()
    cast.parts.clock.advance(timedelta(seconds=cast.parts.settings.file_url_lifetime_s + 1))

    assert http.get(url).status_code == 403


def test_a_revoked_contract_takes_back_the_urls_that_were_handed_out(cast, http, fetched):
    contract, url = fetched()
    assert http.get(url).status_code == 200
    cast.revoke(contract)

    assert http.get(url).status_code == 403
    assert http.head(url).status_code == 403


def test_a_url_ends_no_later_than_its_contract(cast, http, fetched):
    end = cast.parts.clock.now() + timedelta(minutes=5)
    _, url = fetched(Validity(end=end))

    assert int(dict(parse_qsl(urlsplit(url).query))["expires"]) == int(end.timestamp())
    cast.parts.clock.advance(timedelta(minutes=6))
    assert http.get(url).status_code == 403


def test_the_bytes_that_were_sent_are_metered(cast, http, fetched):
    contract, url = fetched()
    http.get(url, headers={"Range": "bytes=0-99"})
    http.head(url)

    _, use = cast.usage(contract)
    assert (use["channel"], use["bytes"], use["release"]) == ("file", 100, 1)


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_is_the_bytes_that_it_names(size, first, last):
    whole = bytes(range(size))
    try:
        span = span_of(f"bytes={first}-{last}", size)
    except ValueError:
        assert first >= size
        return
    if last < first:
        assert span is None
    else:
        assert whole[span.start : span.stop] == whole[first : last + 1]


@pytest.mark.parametrize("header", [None, "", "bytes=-", "lines=1-2", "bytes=0-1,5-6", "bytes=x"])
def test_a_range_that_is_none_means_the_whole(header):
    assert span_of(header, 10) is None


def test_the_last_bytes_are_asked_for_from_the_end():
    assert span_of("bytes=-3", 10) == Span(start=7, stop=10)
    assert span_of("bytes=-30", 10) == Span(start=0, stop=10)
    with pytest.raises(ValueError, match="no such bytes"):
        span_of("bytes=-0", 10)
