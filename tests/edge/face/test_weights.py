"""Only the models that were tested are used."""

import shutil
from pathlib import Path

import pytest

from edge.face import weights
from edge.face.protocols import MATCHERS, MatcherError, matcher_named, pad_named


def test_the_delivered_models_are_the_tested_ones() -> None:
    assert weights.yunet()
    assert weights.sface()


def test_a_swapped_model_is_refused(tmp_path: Path) -> None:
    name, expected = weights.YUNET
    shutil.copy(weights.carrier() / name, tmp_path / name)
    assert weights.checked(name, expected, tmp_path)
    model = bytearray((tmp_path / name).read_bytes())
    model[-1] ^= 1
    (tmp_path / name).write_bytes(model)
    with pytest.raises(MatcherError, match="not the one that was tested"):
        weights.checked(name, expected, tmp_path)


def test_a_model_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MatcherError, match="cannot be read"):
        weights.checked(*weights.YUNET, folder=tmp_path)


def test_the_edit_takes_off_stale_inputs_and_nothing_else() -> None:
    def delimited(number: int, content: bytes) -> bytes:
        return bytes((number << 3 | 2, len(content))) + content

    node, weight = delimited(1, b"node"), delimited(weights.INPUT, delimited(weights.NAME, b"weight"))
    kept = delimited(weights.INPUT, delimited(weights.NAME, b"data") + delimited(2, b"type"))
    head = b"\x08\x07" + delimited(2, b"producer")
    model = head + delimited(weights.GRAPH, node + weight + kept + weight)
    assert weights.with_inputs(model, frozenset({b"data"})) == head + delimited(weights.GRAPH, node + kept)


def test_a_file_that_is_no_protobuf_is_a_sentence() -> None:
    with pytest.raises(MatcherError, match="no protobuf"):
        weights.with_inputs(b"\x0b\x00", frozenset())


def test_the_matcher_is_found_by_its_name_and_another_is_not() -> None:
    assert matcher_named("sface").name == "sface"
    with pytest.raises(MatcherError, match=rf"0 plug-ins of group {MATCHERS} are named 'dlib'; installed: .*sface"):
        matcher_named("dlib")


def test_no_pad_is_delivered_and_asking_for_one_fails_closed() -> None:
    with pytest.raises(MatcherError):
        pad_named("any")
