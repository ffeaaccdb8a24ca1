"""How does a chip prove that it is no copy, and whom does it show fingers? (Doc 9303-11, 6; TR-03110-3, B)

Active and chip authentication with the private keys of its secrets; terminal authentication against its trust points.
A copied chip has the same files and no secrets: it answers that it knows no such key.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from icao.checks import Result
from icao.chip import active_authentication as aa
from icao.chip import apdu
from icao.chip import chip_authentication as ca
from icao.chip import terminal_authentication as ta
from icao.chip.apdu import Command, Response
from icao.chip.ciphers import BY_ARC, ProtocolCipher
from icao.chip.groups import Group
from icao.chip.secure_messaging import Session
from icao.lds.files import EF_DG14, data_group
from icao.lds.security_infos import (
    CA_AGREEMENTS,
    TRIPLE_DES,
    SecurityInfo,
    oid_contents,
    parse_dg14,
)
from icao.pki import ecdsa
from icao.pki.cvc import CERTIFICATE, READ_DG3, READ_DG4, Role, parse_cvc
from icao.pki.cvc_chain import Holder, Refused, accept, trust_point
from icao.tlv import Garbled, read_all, write
from simulators.chip.private_keys import read_curve_key, read_private_key
from simulators.chip.secrets import ChipSecrets

SHOWN: Final = {READ_DG3: data_group(3).name, READ_DG4: data_group(4).name}
CA_CIPHERS: Final = {
    oid_contents(f"{agreement}.{arc}"): cipher for agreement in CA_AGREEMENTS for arc, cipher in BY_ARC.items()
}
ECDSA_DIGESTS: Final[dict[tuple[str, str], hashes.HashAlgorithm]] = {
    aa.SHA1: hashes.SHA1(),  # noqa: S303  (as the standard has it)
    aa.SHA224: hashes.SHA224(),
    aa.SHA256: hashes.SHA256(),
    aa.SHA384: hashes.SHA384(),
    aa.SHA512: hashes.SHA512(),
}

DONE: Final = Response(b"", apdu.OK)
NO_SUCH_KEY: Final = Response(b"", apdu.REFERENCE_NOT_FOUND)
WRONG_DATA: Final = Response(b"", apdu.WRONG_DATA)
DENIED: Final = Response(b"", apdu.AUTHENTICATION_FAILED)
TOO_EARLY: Final = Response(b"", apdu.CONDITIONS_NOT_SATISFIED)


class Proofs:
    """The proofs of one chip. ``chip_id`` is who it is in terminal authentication; PACE sets another one."""

    def __init__(
        self, files: Mapping[str, bytes], secrets: ChipSecrets, chance: Callable[[int], bytes], chip_id: bytes
    ) -> None:
        self._dg14, self._secrets, self._chance = files.get(EF_DG14.name, b""), secrets, chance
        self._trusted = {point.name: point for point in map(trust_point, map(parse_cvc, secrets.trust_points))}
        self._printed_id = chip_id
        self.reset()

    def reset(self) -> None:
        """The field went. A new CVCA key that came by a link certificate stays."""
        self.chip_id = self._printed_id
        self.granted: frozenset[str] = frozenset()  # names of files, to a terminal that proved its rights
        self.session: Session | None = None  # of chip authentication, from the next command on
        self._readers_key: bytes | None = None  # compressed; there is one after chip authentication
        self._chosen: tuple[ProtocolCipher, int | None] | None = None
        self._believed: dict[str, Holder] = {}  # below the trust points, until the field goes
        self._issuer: Holder | None = None
        self._terminal: Holder | None = None

    # --- active authentication ---
    def internal_authenticate(self, command: Command) -> Response:
        if not self._secrets.active_authentication:
            return Response(b"", apdu.INSTRUCTION_NOT_SUPPORTED)
        if len(command.data) != aa.NONCE_BYTES:
            return Response(b"", apdu.WRONG_LENGTH)
        return Response(self._signature(command.data), apdu.OK)

    def _signature(self, nonce: bytes) -> bytes:
        if self._rsa_key is not None:
            return aa.sign_rsa(self._rsa_key, nonce, self._chance, self._secrets.aa_trailer)
        curve, secret = read_curve_key(self._secrets.active_authentication)
        digest = hashes.Hash(self._aa_digest)
        digest.update(nonce)
        r, s = ecdsa.sign(curve, secret, digest.finalize(), self._chance)
        return aa.ecdsa_der(r, s) if self._secrets.aa_der else aa.ecdsa_plain(r, s, curve.size_bytes)

    @cached_property
    def _rsa_key(self) -> rsa.RSAPrivateKey | None:
        try:
            key = serialization.load_der_private_key(
                self._secrets.active_authentication, None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, UnsupportedAlgorithm):  # a curve that OpenSSL does not know, or not spelled out
            return None
        return key if isinstance(key, rsa.RSAPrivateKey) else None

    @cached_property
    def _aa_digest(self) -> hashes.HashAlgorithm:
        announced = aa.announced(self._infos)
        return ECDSA_DIGESTS[aa.ANNOUNCED[announced] if announced else aa.SHA256]

    @cached_property
    def _infos(self) -> tuple[SecurityInfo, ...]:
        try:
            return parse_dg14(self._dg14)
        except Garbled:
            return ()

    # --- chip authentication ---
    def set_key_agreement(self, command: Command) -> Response:
        """MSE:Set KAT: triple DES, in one command."""
        return self._agree(command, BY_ARC[TRIPLE_DES], _key_id(command.data))

    def set_protocol(self, command: Command) -> Response:
        """MSE:Set AT: which cipher and which key; GENERAL AUTHENTICATE brings the reader's."""
        named = {found.tag: found.value for found in read_all(command.data)}
        cipher = CA_CIPHERS.get(named.get(ca.TAG_PROTOCOL, b""))
        if cipher is None:
            return WRONG_DATA
        self._chosen = cipher, _key_id(command.data)
        return DONE if self._key(self._chosen[1]) else NO_SUCH_KEY

    def general_authenticate(self, command: Command) -> Response:
        if self._chosen is None:
            return TOO_EARLY
        (cipher, key_id), self._chosen = self._chosen, None
        answer = self._agree(command, cipher, key_id)
        return Response(write(ca.TAG_DYNAMIC_DATA, b""), apdu.OK) if answer.ok else answer

    def _agree(self, command: Command, cipher: ProtocolCipher, key_id: int | None) -> Response:
        key = self._key(key_id)
        if key is None:
            return NO_SUCH_KEY
        try:
            readers = ca.ephemeral_key(command)
            self.session = ca.follow(*key, cipher, readers)
        except Garbled:
            return WRONG_DATA
        self._readers_key = ca.compress(key[0], readers)
        return DONE

    def _key(self, key_id: int | None) -> tuple[Group, int] | None:
        """The named one; without a name the only one."""
        keys = self._secrets.chip_authentication
        found = keys.get(key_id) or (next(iter(keys.values())) if key_id is None and len(keys) == 1 else None)
        return read_private_key(found) if found else None

    # --- terminal authentication ---
    def set_certificate_holder(self, command: Command) -> Response:
        """MSE:Set DST: whose key is to check the next certificate."""
        self._issuer = self._holder(command)
        return DONE if self._issuer else NO_SUCH_KEY

    def verify_certificate(self, command: Command) -> Response:
        if self._issuer is None or self._readers_key is None:
            return TOO_EARLY
        try:
            holder = accept(self._issuer, parse_cvc(write(CERTIFICATE, command.data)))
        except (Garbled, Refused):
            return DENIED
        if holder.role is Role.CVCA:
            self._trusted[holder.name] = holder
        else:
            self._believed = {holder.name: holder}
        return DONE

    def set_terminal(self, command: Command) -> Response:
        """MSE:Set AT: whose signature will follow."""
        holder = self._holder(command)
        self._terminal = holder if holder and holder.role is Role.TERMINAL else None
        return DONE if self._terminal else NO_SUCH_KEY

    def external_authenticate(self, command: Command, challenge: bytes | None) -> Response:
        if self._terminal is None or self._readers_key is None or challenge is None:
            return TOO_EARLY
        signed = ta.signed_part(self.chip_id, challenge, self._readers_key)
        if self._terminal.key.verify(command.data, signed).result is not Result.SUCCESSFUL:
            return DENIED
        self.granted = frozenset(name for right, name in SHOWN.items() if self._terminal.rights & right)
        return DONE

    @property
    def knows_terminal(self) -> bool:
        """EXTERNAL AUTHENTICATE means a terminal now, and no longer BAC."""
        return self._terminal is not None

    def _holder(self, command: Command) -> Holder | None:
        named = {found.tag: found.value for found in read_all(command.data)}
        name = named.get(ta.TAG_REFERENCE, b"").decode("latin-1")
        return self._believed.get(name) or self._trusted.get(name)


def _key_id(data: bytes) -> int | None:
    found = next((each.value for each in read_all(data) if each.tag == ca.TAG_KEY_ID), None)
    return None if found is None else int.from_bytes(found, "big")
