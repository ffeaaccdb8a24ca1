"""The doors of the trust store: LDIF, master lists (spoilt before signing, too), and any file."""

import random
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path

from edge.inspection.trust import importing
from edge.inspection.trust.database import in_memory, transaction
from edge.inspection.trust.files import pieces
from icao.pki.ldif import read_ldif
from icao.pki.master_list import parse_master_list, signer_of
from icao.tlv import Garbled, write
from simulators.issuing.authority import open_authority
from simulators.issuing.cms import signed_data
from simulators.issuing.directory import Entry, ldif
from simulators.issuing.lists import MASTER_LIST, SOD_SIGNATURE_WRONG, Deviation, deviation_list, master_list
from simulators.issuing.state import State
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target


def targets(states: Mapping[str, State], today: date) -> list[Target]:
    now = datetime.combine(today, time(12), UTC)
    utopia = open_authority(states["UTO"])
    listed = master_list(utopia.certificates, utopia.list_signer, now)
    deviations = deviation_list([Deviation(SOD_SIGNATURE_WRONG, utopia.state.signer.der)], utopia.deviation_signer, now)
    crl = utopia.crl(today)
    directory = ldif([Entry("dsc", "UT", utopia.state.signer.der), Entry("crl", "UT", crl), Entry("ml", "UT", listed)])
    content = write(0x02, b"\0") + write(0x31, b"".join(utopia.certificates))

    def spoilt_then_signed(chance: random.Random) -> bytes:
        return signed_data(MASTER_LIST, write(0x30, garbage([content], chance)), utopia.list_signer, now)

    def spoilt_then_listed(chance: random.Random) -> bytes:
        return master_list([garbage(utopia.certificates, chance) for _ in range(3)], utopia.list_signer, now)

    def import_into_a_store(data: bytes) -> None:
        anchor = importing.Told(Path("anchor"), pieces(utopia.state.csca_der))
        told = importing.Told(Path("file"), pieces(data))
        with closing(in_memory()) as connection, transaction(connection):
            importing.put_in(connection, [anchor, told], now, importing.Report(), lambda name, done, of: None)

    files = [listed, deviations, crl, directory, utopia.state.csca_der]
    return [
        Target("ldif", lambda chance: garbage([directory], chance), lambda data: list(read_ldif(data)), (Garbled,)),
        Target(
            "master list",
            lambda chance: garbage([listed], chance),
            lambda data: signer_of(parse_master_list(data)),
            (Garbled,),
        ),
        Target("master list, spoilt and signed", spoilt_then_signed, parse_master_list, (Garbled,)),
        Target("trust import", lambda chance: garbage(files, chance), import_into_a_store, (Garbled,)),
        Target("trust import, spoilt certificates", spoilt_then_listed, import_into_a_store, (Garbled,)),
    ]
