"""LDIF as the directory sends it, and as a stranger might."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.pki.ldif import MAX_LINES, Kind, looks_like_ldif, read_ldif
from icao.tlv import Garbled
from simulators.issuing.directory import Entry, ldif

DSC = b"dn: cn=one,o=dsc,c=UT,dc=data,dc=download,dc=pkd,dc=icao,dc=int\n"
VALUE = b"userCertificate;binary:: AAEC\n"


def read(data: bytes) -> list[tuple[Kind, bytes, int | None, int]]:
    return [(item.kind, item.content, item.version, item.line) for item in read_ldif(data)]


@given(
    st.lists(
        st.tuples(st.sampled_from(("dsc", "crl", "ml")), st.binary(min_size=1, max_size=300), st.integers(0, 999))
    ),
    st.sampled_from(("\n", "\r\n")),
)
@settings(derandomize=True, max_examples=60)
def test_what_is_written_is_read(entries: list[tuple[str, bytes, int]], end: str) -> None:
    kinds = {"dsc": Kind.SIGNER, "crl": Kind.REVOCATION_LIST, "ml": Kind.MASTER_LIST}
    written = ldif([Entry(branch, "UT", content, version) for branch, content, version in entries], end)
    found = [(kind, content, version) for kind, content, version, _ in read(written)]
    assert found == [(kinds[branch], content, version) for branch, content, version in entries]


def test_folds_comments_and_empty_lines_are_as_rfc_2849_says() -> None:
    data = (
        b"# a comment\n that goes on\nversion: 1\n\n\n" + DSC[:30] + b"\n " + DSC[30:]
        + b"# in between\n  folded too\nuserCertificate;binary::\n  AA\n EC\npkdVersion: 12\n\n\n# the end\n"
    )  # fmt: skip
    assert read(data) == [(Kind.SIGNER, b"\x00\x01\x02", 12, 6)]


def test_every_attribute_that_holds_something_is_known_whatever_its_case() -> None:
    names = (
        b"userCertificate;binary", b"CACERTIFICATE;binary", b"certificateRevocationList;binary",
        b"pkdMasterListContent", b"CscaMasterListData",
    )  # fmt: skip
    data = DSC + b"".join(name + b":: " + b64encode(name) + b"\n" for name in names)
    assert [(kind, content) for kind, content, _, _ in read(data)] == list(
        zip((Kind.SIGNER, Kind.AUTHORITY, Kind.REVOCATION_LIST, Kind.MASTER_LIST, Kind.MASTER_LIST), names, strict=True)
    )


def test_what_takes_something_away_brings_nothing() -> None:
    for change in (b"delete\n", b"modify\nreplace: userCertificate;binary\n" + VALUE + b"-\n"):
        assert read(DSC + b"changetype: " + change + b"\n") == []
    assert len(read(DSC + b"changetype: add\n" + VALUE)) == 1


@pytest.mark.parametrize(
    "data",
    [
        b" continues nothing\n",
        b"version: 2\n" + DSC + VALUE,
        VALUE + DSC,  # no dn before it
        DSC + b"userCertificate;binary:: A*EC\n",
        DSC + b"userCertificate;binary: AAEC\n",
        DSC + b"userCertificate;binary:< file:///etc/passwd\n",
        DSC + b"no colon\n",
        DSC + b"sn: 1\n" * MAX_LINES,
        DSC + b"\x00\xff: 1\n",
    ],
)
def test_what_is_no_ldif_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled):
        read(data)


def test_a_complaint_names_the_line_of_the_entry() -> None:
    with pytest.raises(Garbled, match="the entry on line 5"):
        read(b"version: 1\n\n" + DSC + b"\n" + DSC + b"userCertificate;binary:: A\n")


def test_ldif_is_known_by_its_first_line() -> None:
    assert looks_like_ldif(b"# made by hand\n\ndn: cn=x\n")
    assert looks_like_ldif(b"version: 1\n")
    assert not looks_like_ldif(b"0\x82\x03dn: ")
    assert not looks_like_ldif(b"")


@given(st.lists(st.sampled_from((DSC, VALUE, b"\n", b" ", b"-\n", b"#", b"version: 1\n", b"\xff", b"::", b"a: b\n"))))
@settings(derandomize=True, max_examples=150)
def test_garbage_raises_nothing_but_garbled(parts: list[bytes]) -> None:
    try:
        read(b"".join(parts))
    except Garbled:
        return
