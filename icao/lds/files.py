"""Which files does a passport's chip hold, and under which names? (Doc 9303-10, 3.10 and 4.2)"""

from dataclasses import dataclass
from typing import Final

APPLICATION_ID: Final = bytes.fromhex("A0000002471001")  # the eMRTD application, Doc 9303-10, 4.1.1
MASTER_FILE_ID: Final = bytes.fromhex("3F00")


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """``short_id`` lets READ BINARY name the file itself; ``tag`` begins its contents.

    ``in_master_file``: it stands beside the application and not in it, so the master file must be selected. The two
    kinds share short ids. ``tag`` is 0 where no object holds the others: such a file is read up to its end.
    """

    name: str
    id: int
    short_id: int
    tag: int
    in_master_file: bool = False

    @property
    def id_bytes(self) -> bytes:
        return self.id.to_bytes(2, "big")


EF_COM: Final = ElementaryFile("COM", 0x011E, 0x1E, 0x60)
EF_SOD: Final = ElementaryFile("SOD", 0x011D, 0x1D, 0x77)

# Doc 9303-10, table 35: the tag of each data group, DG1 first.
DATA_GROUP_TAGS: Final = (
    0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70,
)  # fmt: skip
DATA_GROUPS: Final = tuple(
    ElementaryFile(f"DG{number}", 0x0100 + number, number, tag) for number, tag in enumerate(DATA_GROUP_TAGS, start=1)
)
EF_DG1: Final = DATA_GROUPS[0]
EF_DG2: Final = DATA_GROUPS[1]
EF_DG14: Final = DATA_GROUPS[13]
EF_DG15: Final = DATA_GROUPS[14]

# Fingers and irises: nobody reads these without terminal authentication (Doc 9303-10, 4.7.3 and 4.7.4).
EXTENDED_ACCESS_GROUPS: Final = (3, 4)

# Whose certificates the chip believes in terminal authentication: two references and padding. (TR-03110-3, A.2.2.2)
EF_CVCA: Final = ElementaryFile("CVCA", 0x011C, 0x1C, 0)

# In the eMRTD application; EF.COM and EF.SOD before the groups.
ALL_FILES: Final = (EF_COM, EF_SOD, *DATA_GROUPS, EF_CVCA)

# In the master file (Doc 9303-10, 3.11). The security infos are a SET, their signed form is CMS; the others hold a row
# of objects.
EF_CARD_ACCESS: Final = ElementaryFile("CardAccess", 0x011C, 0x1C, 0x31, in_master_file=True)
EF_CARD_SECURITY: Final = ElementaryFile("CardSecurity", 0x011D, 0x1D, 0x30, in_master_file=True)
EF_DIR: Final = ElementaryFile("DIR", 0x2F00, 0x1E, 0, in_master_file=True)
EF_ATR_INFO: Final = ElementaryFile("ATR", 0x2F01, 0x01, 0, in_master_file=True)
MASTER_FILES: Final = (EF_CARD_ACCESS, EF_CARD_SECURITY, EF_DIR, EF_ATR_INFO)


def data_group(number: int) -> ElementaryFile:
    """
    >>> data_group(2).name, hex(data_group(2).tag)
    ('DG2', '0x75')
    """
    return DATA_GROUPS[number - 1]


# Inside EF.COM (Doc 9303-10, 4.6.1)
TAG_LDS_VERSION: Final = 0x5F01
TAG_UNICODE_VERSION: Final = 0x5F36
TAG_TAG_LIST: Final = 0x5C

# Inside DG1 (Doc 9303-10, 4.7.1)
TAG_MRZ: Final = 0x5F1F

# Inside DG2, DG3 and DG4 (Doc 9303-10, 4.7.2): templates of CBEFF around biometric records of ISO/IEC 19794 or 39794
TAG_BIOMETRIC_GROUP: Final = 0x7F61
TAG_BIOMETRIC_COUNT: Final = 0x02
TAG_BIOMETRIC_TEMPLATE: Final = 0x7F60
TAG_BIOMETRIC_HEADER: Final = 0xA1
TAG_BIOMETRIC_DATA: Final = 0x5F2E
TAG_BIOMETRIC_DATA_CONSTRUCTED: Final = 0x7F2E
