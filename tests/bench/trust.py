"""What does the trust store cost? A master list as large as the largest real one, and a store of several such lists."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.inspection.trust import TrustStore
from edge.inspection.trust.importing import import_files
from simulators.issuing.authority import open_authority
from simulators.issuing.lists import master_list
from simulators.issuing.state import State
from simulators.issuing.world import world
from tests.bench.people import TODAY
from tests.bench.spread import spread

LISTED, STORED = 588, 2000
OPENINGS = 50
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)


def measure_trust(state: State, folder: Path) -> dict[str, object]:
    """Import of one list into an empty store (seconds), and opening a full one (milliseconds, from nothing to a
    first answer: what was parsed before is kept in the process, as it is in a lane)."""
    authority = open_authority(state)
    certificates = world(STORED, TODAY)
    (folder / "anchor.der").write_bytes(state.csca_der)
    (folder / "list.ml").write_bytes(master_list(certificates[:LISTED], authority.list_signer, NOW))
    (folder / "more.ml").write_bytes(master_list(certificates, authority.list_signer, NOW + timedelta(hours=1)))
    store, anchor = folder / "store", [folder / "anchor.der"]
    began_s = time.perf_counter()
    report = import_files(store, [folder / "list.ml"], anchor, NOW, lambda name, done, of: None)
    import_s = time.perf_counter() - began_s
    if report.imported != LISTED + 1 or report.untrusted:
        raise AssertionError("the list was not taken in")
    import_files(store, [folder / "more.ml"], [], NOW, lambda name, done, of: None)
    opened_ms = [_open_ms(store) for _ in range(OPENINGS)]
    return {"import_588_s": round(import_s, 3), "open_2000_ms": spread(opened_ms)}


def _open_ms(folder: Path) -> float:
    began_s = time.perf_counter()
    store = TrustStore.open(folder)
    empty = store.empty
    took_ms = (time.perf_counter() - began_s) * 1000
    store.close()
    if empty:
        raise AssertionError("the store trusts nobody")
    return took_ms
