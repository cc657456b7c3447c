"""Clients of an object store that speaks S3. Credentials come as its own tools take them.

The libraries are an extra (`torvet[s3]`): they are looked for only where a bucket is named.
"""

from importlib import import_module
from typing import Any

import fsspec

from torvet.settings import Settings

CONNECT_S_MAX = 5
READ_S_MAX = 60
ATTEMPTS_MAX = 4


def s3_client(settings: Settings) -> Any:
    """Return a botocore client of the store that `settings` name."""
    session = import_module("botocore.session").get_session()
    config = import_module("botocore.config").Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_S_MAX,
        read_timeout=READ_S_MAX,
        retries={"total_max_attempts": ATTEMPTS_MAX, "mode": "standard"},
        max_pool_connections=32,
    )
    return session.create_client(
        "s3",
        endpoint_url=settings.s3_endpoint or None,
        region_name=settings.s3_region,
        config=config,
    )


def s3_filesystem(settings: Settings) -> Any:
    """Return the same store as a filesystem, for the engine to read and write."""
    return fsspec.filesystem(
        "s3",
        client_kwargs={
            "endpoint_url": settings.s3_endpoint or None,
            "region_name": settings.s3_region,
        },
        # The engine asks for files that another process may just have written.
        use_listings_cache=False,
    )


def local_filesystem() -> Any:
    """Return this machine's folders as a filesystem."""
    return fsspec.filesystem("file")
