"""The same parts from containers, wherever a container engine runs."""

import psycopg
import pytest

from tests.support.running.parts import container_engine, container_parts
from tests.support.running.sender import transitions

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.skipif(container_engine() is not None, reason=str(container_engine())),
]


@pytest.mark.timeout(300)
def test_containers_serve_as_parts_as_well() -> None:
    with container_parts() as parts:
        moves = transitions(parts.bootstrap)
        with psycopg.connect(parts.ingest_url.replace("+psycopg", "")) as connection:
            version = connection.info.server_version

    assert moves == []
    assert version >= 180000
