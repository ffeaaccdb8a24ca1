"""List files: whole, or not taken; and silent about whom they list."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.decision.lists import MAX_ENTRIES, ListError, Lists, load_list, load_lists, parse_list, signed_bytes
from simulators.lists import ListedDocument, ListedPerson, make_list, write_lists

KEY = bytes(range(32))
ISSUED = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOCUMENTS = (ListedDocument("L898902C3", "UTO"), ListedDocument("N12345678", "NRV"))
PERSONS = (ListedPerson("SERRAKIN", "TOMO ANSEL", "1988-12-05"),)


def table(**changed: object) -> dict[str, object]:
    return {**json.loads(make_list("documents", DOCUMENTS, KEY, ISSUED, "3")), **changed}


def parsed(**changed: object) -> object:
    return parse_list(json.dumps(table(**changed)).encode(), "documents.json", "documents", KEY)


def test_what_the_region_writes_the_lane_reads(tmp_path: Path) -> None:
    write_lists(tmp_path / "lists", DOCUMENTS, PERSONS, KEY, ISSUED.astimezone(timezone(timedelta(hours=2))), "3")
    read = load_lists(tmp_path / "lists", KEY)
    assert read.documents is not None
    assert read.persons is not None
    assert (read.documents.version, read.documents.issued_at, len(read.documents.entries)) == ("3", ISSUED, 2)
    assert len(read.persons.entries) == len(PERSONS[0].texts())
    assert sorted(path.name for path in (tmp_path / "lists").iterdir()) == ["documents.json", "persons.json"]


def test_a_list_file_shows_no_number_and_no_name(tmp_path: Path) -> None:
    write_lists(tmp_path, DOCUMENTS, PERSONS, KEY, ISSUED)
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for canary in (b"L898902C3", b"SERRAKIN", b"TOMO", b"1988", KEY.hex().encode()):
        assert canary not in content.replace(b"1988-12-05T", b"")


def test_without_the_key_nobody_can_be_found() -> None:
    with_key = make_list("documents", DOCUMENTS, KEY, ISSUED)
    other = make_list("documents", DOCUMENTS, bytes(32), ISSUED)
    assert set(json.loads(with_key)["entries"]).isdisjoint(json.loads(other)["entries"])


def test_lists_that_are_not_there_are_none(tmp_path: Path) -> None:
    assert load_lists(tmp_path, KEY) == Lists(None, None)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"format": "borderpost-list-2"}, "format"),
        ({"kind": "persons"}, "not a list of documents"),
        ({"name": ""}, "name"),
        ({"name": 3}, "name"),
        ({"version": "v" * 65}, "version"),
        ({"issued_at": "2026-11-24T12:00:00+02:00"}, "issued_at"),
        ({"issued_at": 1}, "issued_at"),
        ({"issued_at": "2026-02-30T12:00:00Z"}, "day that does not exist"),
        ({"entries": {}}, "entries"),
        ({"entries": ["00" * 8] * 2}, "out of order"),
        ({"entries": ["02" * 8, "01" * 8]}, "out of order"),
        ({"entries": ["0" * 15]}, "16 hexadecimal digits"),
        ({"entries": ["0" * 17]}, "16 hexadecimal digits"),
        ({"entries": ["ABCDEF0123456789"]}, "16 hexadecimal digits"),
        ({"entries": [1]}, "16 hexadecimal digits"),
        ({"note": "hello"}, "exactly the fields"),
    ],
)
def test_a_list_that_is_not_whole_is_no_list(changed: dict[str, object], complaint: str) -> None:
    with pytest.raises(ListError, match=complaint):
        parsed(**changed)


@pytest.mark.parametrize("missing", ["format", "kind", "name", "version", "issued_at", "entries"])
def test_no_field_may_be_missing(missing: str) -> None:
    rest = table()
    del rest[missing]
    with pytest.raises(ListError, match="exactly the fields"):
        parse_list(json.dumps(rest).encode(), "documents.json", "documents", KEY)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b"9" * 5000, b'"list"'])
def test_what_is_no_json_object_is_no_list(content: bytes) -> None:
    with pytest.raises(ListError):
        parse_list(content, "documents.json", "documents", KEY)


@given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_garbage_is_never_anything_but_a_sentence(content: bytes) -> None:
    with pytest.raises(ListError):
        parse_list(content, "documents.json", "documents", KEY)


def test_a_list_of_too_many_entries_is_refused() -> None:
    with pytest.raises(ListError, match="entries"):
        parsed(entries=["0" * 16] * (MAX_ENTRIES + 1))


def test_a_file_that_is_too_large_or_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.decision.lists.MAX_FILE_BYTES", 10)
    (tmp_path / "documents.json").write_bytes(make_list("documents", DOCUMENTS, KEY, ISSUED))
    with pytest.raises(ListError, match="larger than 10 bytes"):
        load_list(tmp_path / "documents.json", "documents", KEY)
    (tmp_path / "persons.json").mkdir()
    with pytest.raises(ListError, match="cannot be read"):
        load_list(tmp_path / "persons.json", "persons", KEY)


def test_a_key_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="31 bytes"):
        load_list(tmp_path / "documents.json", "documents", KEY[1:])


def signed(signer: Ed25519PrivateKey, **changed: object) -> bytes:
    plain = table()
    signature = b64encode(signer.sign(signed_bytes(plain))).decode()
    return json.dumps({**plain, "signature": signature, **changed}).encode()


def test_a_signed_list_is_taken_and_an_altered_one_is_not() -> None:
    signer = Ed25519PrivateKey.generate()
    region = signer.public_key()
    assert parse_list(signed(signer), "documents.json", "documents", KEY, region).version == "3"
    for altered in (
        signed(signer, entries=[]),  # I11: somebody was taken off
        signed(signer, issued_at="2026-11-25T12:00:00Z"),  # G04: made younger than it is
        signed(Ed25519PrivateKey.generate()),
        signed(signer, signature="not base64"),
        signed(signer, signature="AA=="),
    ):
        with pytest.raises(ListError, match="signature"):
            parse_list(altered, "documents.json", "documents", KEY, region)
    for unsigned in (json.dumps(table()).encode(), signed(signer, signature=7)):
        with pytest.raises(ListError, match="is not signed"):
            parse_list(unsigned, "documents.json", "documents", KEY, region)


def test_a_signature_is_not_looked_at_where_no_signer_is_known() -> None:
    content = signed(Ed25519PrivateKey.generate())
    assert parse_list(content, "documents.json", "documents", KEY).version == "3"
