"""What states hand out, and a desk that imports it."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.inspection.trust.importing import Report, import_files
from edge.inspection.trust.store import TrustStore
from simulators.issuing.authority import Authority, open_authority
from simulators.issuing.lists import master_list
from simulators.issuing.state import Signer, State
from tests.edge.inspection.desk import TODAY

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
LAST_WEEK = NOW - timedelta(days=7)

Open = Callable[[Path], TrustStore]


@dataclass(frozen=True, slots=True)
class Counter:
    """Where sources are handed in: each by its bytes, under a name."""

    folder: Path
    store: Path

    def file(self, name: str, content: bytes) -> Path:
        self.folder.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def take(self, now: datetime = NOW, anchors: Iterable[bytes] = (), **sources: bytes) -> Report:
        """Sources by name; an underscore stands for the dot."""
        files = [self.file(name.replace("_", "."), content) for name, content in sources.items()]
        pinned = [self.file(f"anchor{number}.der", content) for number, content in enumerate(anchors)]
        return import_files(self.store, files, pinned, now, lambda name, done, of: None)

    def trusted(self) -> set[bytes]:
        with closing(TrustStore.open(self.store)) as store:
            return {anchor.der for anchor in store.anchors}

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.store / "trust.sqlite")) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path / "files", tmp_path / "store")


@pytest.fixture
def open_store() -> Iterator[Open]:
    """Closed again when the test has ended."""
    with ExitStack() as until_then:
        yield lambda folder: until_then.enter_context(closing(TrustStore.open(folder)))


@pytest.fixture(scope="session")
def utopia(states: dict[str, State]) -> Authority:
    return open_authority(states["UTO"])


@pytest.fixture(scope="session")
def zudland(states: dict[str, State]) -> Authority:
    return open_authority(states["ZZD"])


@pytest.fixture(scope="session")
def quarzia(states: dict[str, State]) -> Authority:
    return open_authority(states["QZZ"])


def utopian_list(
    utopia: Authority, certificates: Iterable[bytes], signed_at: datetime | None = NOW, signer: Signer | None = None
) -> bytes:
    return master_list(certificates, signer or utopia.list_signer, signed_at)
