"""Settings of exchanges whose tables are elsewhere."""

import pytest

from served import new_bucket


@pytest.fixture
def bucket(s3_endpoint):
    """The settings of an exchange whose tables are in a new bucket."""
    return new_bucket(s3_endpoint)
