"""The folder of CSCA certificates: what is used of it, and what is marked."""

import random
from pathlib import Path

import pytest

from edge.inspection.inspect import judge
from edge.inspection.trust import TrustError, TrustStore
from icao.mrz.zone import parse
from simulators.issuing.office import Office
from simulators.issuing.state import State, write_trust
from tests.edge.inspection.desk import TODAY, passport


def test_each_known_state_is_an_anchor_and_the_unknown_one_is_not(trust: TrustStore) -> None:
    assert {anchor.country for anchor in trust.anchors} == {"UT", "NV", "ZD"}
    assert trust.oddities == ()


def test_a_garbled_certificate_is_marked_and_the_others_are_used(states: dict[str, State], tmp_path: Path) -> None:
    write_trust(states, tmp_path)
    (tmp_path / "broken.der").write_bytes(b"\x30\x82\xff\xff garbage")
    (tmp_path / "huge.der").write_bytes(bytes(100_000))
    store = TrustStore.open(tmp_path)
    assert len(store.anchors) == 3
    assert [oddity.name for oddity in store.oddities] == ["broken.der", "huge.der"]


def test_a_document_signer_among_the_anchors_is_marked_and_vouches_for_nobody(
    states: dict[str, State], tmp_path: Path
) -> None:
    (tmp_path / "signer.der").write_bytes(states["UTO"].signer.der)
    store = TrustStore.open(tmp_path)
    assert [oddity.name for oddity in store.oddities] == ["signer.der"]
    made = passport(Office(states, TODAY, random.Random(1)))
    assert judge(parse(made.mrz_lines, TODAY), made.files, store, TODAY).reasons


def test_a_missing_store_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="Put the CSCA certificates"):
        TrustStore.open(tmp_path / "nowhere")
