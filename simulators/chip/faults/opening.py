"""Which chips break the rules of PACE, to pass without the password or to learn it? (A03, A17; Doc 9303-11, 4.4.1)"""

from icao.chip import apdu, pace_steps
from icao.chip.apdu import Command, Response
from icao.chip.groups import PowerGroup
from icao.chip.pace_choice import offered
from icao.lds.security_infos import parse_security_infos
from simulators.chip.emrtd import EmrtdChip

LONGER_THAN_ANY_NONCE = 128


class RewritingChip(EmrtdChip):
    """Runs PACE honestly, but for one object of its answers."""

    tag = pace_steps.CHIP_MAPPING

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        response = super()._obey(command, allowed=allowed)
        if command.ins != apdu.GENERAL_AUTHENTICATE or allowed or not response.data:
            return response
        told = pace_steps.read_dynamic_data(response.data)
        if self.tag not in told:
            return response
        told[self.tag] = self._instead(told[self.tag], pace_steps.read_dynamic_data(command.data))
        return Response(pace_steps.dynamic_data(*told.items()), apdu.OK)

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        raise NotImplementedError


# --- keys ---
class ReflectingChip(EmrtdChip):
    """Throws our own keys back at us, so that it needs none."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        response = super()._obey(command, allowed=allowed)
        if command.ins != apdu.GENERAL_AUTHENTICATE or allowed or not response.ok:
            return response
        ours = pace_steps.read_dynamic_data(command.data)
        back = [(tag + 1, ours[tag]) for tag in (pace_steps.READER_MAPPING, pace_steps.READER_KEY) if tag in ours]
        return Response(pace_steps.dynamic_data(*back), apdu.OK) if back else response


class ReflectingKeyChip(RewritingChip):
    """Only the last key: the mapping before it was honest."""

    tag = pace_steps.CHIP_KEY

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return readers[pace_steps.READER_KEY]


class OffCurveChip(RewritingChip):
    """Its mapping key is no point of the curve, and would give our secret away."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return honest[:-1] + bytes([honest[-1] ^ 1])


class OffCurveKeyChip(OffCurveChip):
    tag = pace_steps.CHIP_KEY


class InfinityChip(RewritingChip):
    """The point at infinity: whatever our secret is, everybody knows the product."""

    tag = pace_steps.CHIP_KEY

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return b"\0"


class ZeroPointChip(InfinityChip):
    """The same, written as a point."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return b"\x04" + bytes(len(honest) - 1)


class ShortPointChip(RewritingChip):
    """Coordinates a byte too short, both of them."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        size = len(honest) // 2
        return b"\x04" + honest[1:size] + honest[1 + size : -1]


class LongPointChip(RewritingChip):
    """Coordinates with a zero before each."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        size = len(honest) // 2
        return b"\x04\0" + honest[1 : 1 + size] + b"\0" + honest[1 + size :]


class SmallSubgroupChip(RewritingChip):
    """Of Diffie-Hellman: a key outside the group, whose order divides the cofactor (RFC 2785)."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        group = offered(parse_security_infos(self._files["CardAccess"]))[0].group
        if not isinstance(group, PowerGroup):
            return honest
        outside = next(
            power for base in range(2, 100) if (power := pow(base, group.q, group.p)) not in (1, group.p - 1)
        )
        return outside.to_bytes((group.p.bit_length() + 7) // 8, "big")


class OneChip(RewritingChip):
    """Of Diffie-Hellman: 1, whatever its secret."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return b"\1"


# --- nonce and token ---
class OddNonceChip(RewritingChip):
    """No whole blocks of the cipher."""

    tag = pace_steps.ENCRYPTED_NONCE

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return honest[:-3]


class NoNonceChip(OddNonceChip):
    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return b""


class LongNonceChip(OddNonceChip):
    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return honest * (LONGER_THAN_ANY_NONCE // len(honest))


class WrongTokenChip(RewritingChip):
    """It does not know the password, and hopes that nobody looks."""

    tag = pace_steps.CHIP_TOKEN

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return honest[:-1] + bytes([honest[-1] ^ 1])


class ReflectingTokenChip(WrongTokenChip):
    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return readers[pace_steps.READER_TOKEN]


class ShortTokenChip(WrongTokenChip):
    """One byte of it: one in 256 would fit."""

    def _instead(self, honest: bytes, readers: dict[int, bytes]) -> bytes:
        return honest[:1]
