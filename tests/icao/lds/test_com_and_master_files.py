"""EF.COM, EF.DIR and EF.ATR/INFO: what the chip says of itself, and how far that is believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.atr_info import AtrInfo, Capabilities, atr_capabilities, extended_length, parse_atr_info
from icao.lds.com import groups_of, parse_com
from icao.lds.directory import parse_directory
from icao.lds.files import ALL_FILES, APPLICATION_ID, EF_DG1, EF_DG2, MASTER_FILES
from icao.tlv import Garbled, write
from simulators.issuing.groups import atr_info, com, directory

EXTENDED = Capabilities(short_ids=True, command_chaining=False, extended_lengths=True, lengths_in_atr_info=True)
NONE = Capabilities(short_ids=False, command_chaining=False, extended_lengths=False, lengths_in_atr_info=False)


def test_ef_com_says_its_versions_and_groups() -> None:
    found = parse_com(com([1, 2, 14, 15]))
    assert (found.lds_version, found.unicode_version) == ("01.07", "04.00.00")
    assert found.groups == (1, 2, 14, 15)
    assert groups_of(found)[:2] == (EF_DG1, EF_DG2)


def test_a_list_that_lies_is_told_as_it_stands() -> None:
    found = parse_com(write(0x60, write(0x5C, bytes.fromhex("61 75 61 62 64 77"))))
    assert found.groups == (1, 2)
    assert found.unknown_tags == (0x62, 0x64, 0x77)
    assert found.lds_version == ""


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        write(0x61, b""),
        write(0x60, b""),
        write(0x60, write(0x5C, b"\x61" * 65)),
        write(0x60, write(0x5F01, b"0x17") + write(0x5C, b"\x61")),
        write(0x60, write(0x5F01, b"017") + write(0x5C, b"\x61")),
        com([1]) + b"\0",
    ],
)
def test_an_ef_com_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        parse_com(bad)


def test_the_directory_names_the_application() -> None:
    assert parse_directory(directory()) == (APPLICATION_ID,)
    assert parse_directory(directory(b"\xa0\x01", APPLICATION_ID) + b"\0\0") == (b"\xa0\x01", APPLICATION_ID)
    assert parse_directory(b"") == ()
    for bad in (b"\x61", b"\x61\x05\x4f", directory(bytes(17)), directory(*[b"\xa0"] * 33), b"\x61" * 5000):
        with pytest.raises(Garbled):
            parse_directory(bad)


def test_ef_atr_info_says_how_long_a_command_may_be() -> None:
    assert parse_atr_info(atr_info(2_000, 40_000)) == AtrInfo(EXTENDED, 2_000, 40_000)
    assert extended_length(atr_info(2_000, 40_000) + bytes(30)) == (2_000, 40_000)
    assert parse_atr_info(write(0x47, b"\x08\x01")).capabilities == NONE
    assert parse_atr_info(b"") == AtrInfo(None, None, None)


@pytest.mark.parametrize("bad", ["7F6600", "7F66020201", "7F6609020101020101020101", "7F66080205010000000102", "43FF"])
def test_lengths_that_are_none_are_garbled(bad: str) -> None:
    with pytest.raises(Garbled):
        parse_atr_info(bytes.fromhex(bad))


def test_the_historical_bytes_say_it_too() -> None:
    assert atr_capabilities(bytes.fromhex("3B868001 0031C0 73F70160 00")) == NONE  # cut off by its own count
    assert atr_capabilities(bytes.fromhex("3B888001 8031C0 73F70160 00 00")) == EXTENDED
    for atr in (b"", b"\x3b", bytes.fromhex("3BFF"), bytes.fromhex("3B80800101"), bytes.fromhex("3B828001FF73")):
        assert atr_capabilities(atr) is None


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_garbage_raises_nothing_but_garbled(data: bytes) -> None:
    for read in (parse_com, parse_directory, parse_atr_info):
        for bad in (data, write(0x60, data), write(0x61, data), write(0x7F66, data)):
            try:
                read(bad)
            except Garbled:
                continue
    atr_capabilities(data)
    atr_capabilities(b"\x3b" + data)


def test_no_two_files_of_one_folder_share_a_name() -> None:
    for folder in (ALL_FILES, MASTER_FILES):
        for names in zip(*((file.name, file.id, file.short_id) for file in folder), strict=True):
            assert len(set(names)) == len(folder)
    assert all(file.in_master_file for file in MASTER_FILES)
    assert not any(file.in_master_file for file in ALL_FILES)
