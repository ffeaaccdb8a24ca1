"""A real broker with mutual TLS, and the outbox of the lane that speaks to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.outbox.outbox import Outbox
from simulators.network.broker import Broker, Certificates
from tests.edge.uplink_world import SEALER, TOPIC, Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def broker(pki: Pki, tmp_path: Path) -> Iterator[Broker]:
    certificates = Certificates(*pki.broker, pki.clients_ca)
    with Broker(tmp_path / "broker", certificates, region=TOPIC.region) as broker:
        yield broker


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox.open(tmp_path / "edge" / "outbox.db", SEALER)
    yield outbox
    outbox.close()
