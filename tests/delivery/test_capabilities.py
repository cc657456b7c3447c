import pytest
from hypothesis import given
from hypothesis import strategies as st

from torvet.delivery.capabilities import agree, read
from torvet.delivery.errors import BadRequest
from torvet.delivery.model import LogFormat


def test_a_client_that_says_nothing_gets_parquet():
    assert agree(read(None)).format is LogFormat.PARQUET
    assert agree(read("")).header == "responseformat=parquet"


def test_delta_is_preferred_since_each_file_is_then_fetched_once():
    assert agree(read("responseformat=parquet,delta")).format is LogFormat.DELTA


def test_names_and_values_count_in_any_case_and_among_spaces():
    asked = read(" ResponseFormat = Delta ; READERFEATURES=DeletionVectors, ColumnMapping ")

    assert asked.formats == {LogFormat.DELTA}
    assert asked.features == {"deletionvectors", "columnmapping"}


def test_the_end_stream_action_is_promised_only_to_those_who_ask():
    assert not agree(read("responseformat=delta")).end_stream_action
    agreed = agree(read("responseformat=delta;includeEndStreamAction=true"))
    assert agreed.header == "responseformat=delta;includeendstreamaction=true"


def test_a_format_of_nobodys_is_refused():
    with pytest.raises(BadRequest, match="iceberg is neither delta nor parquet"):
        read("responseformat=iceberg")


def test_an_unknown_format_beside_a_known_one_is_passed_over():
    assert read("responseformat=iceberg,parquet").formats == {LogFormat.PARQUET}


@given(st.text(max_size=200))
def test_no_header_whatever_makes_it_stumble(header):
    try:
        agree(read(header))
    except BadRequest as said:
        assert "neither delta nor parquet" in str(said)  # noqa: PT017 - either way is right
