"""Which chips would pass for the one that they are a copy of? They answer, and prove nothing. (A01, A16, A18, A19)"""

from icao.chip import active_authentication, apdu
from icao.chip.apdu import Command, Response
from simulators.chip.emrtd import EmrtdChip

PROTECTED_CLA = 0x0C
PROVING = (apdu.MANAGE_SECURITY_ENVIRONMENT, apdu.INTERNAL_AUTHENTICATE)


class SigningChip(EmrtdChip):
    """Answers active authentication with something else than a signature over our nonce."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        if command.ins == apdu.INTERNAL_AUTHENTICATE and allowed:
            return self._signed(command)
        return super()._obey(command, allowed=allowed)

    def _signed(self, command: Command) -> Response:
        raise NotImplementedError


class RecordedChip(SigningChip):
    """Replays what the genuine chip once signed, in another reading (A18)."""

    def _signed(self, command: Command) -> Response:
        return self._proofs.internal_authenticate(
            Command(0, command.ins, data=bytes(active_authentication.NONCE_BYTES))
        )


class EchoChip(SigningChip):
    """Gives our own nonce back."""

    def _signed(self, command: Command) -> Response:
        return Response(command.data, apdu.OK)


class EmptyChip(SigningChip):
    """Says that all is well, and nothing else."""

    def _signed(self, command: Command) -> Response:
        return Response(b"", apdu.OK)


class ZeroChip(SigningChip):
    """r and s are zero, or the number that RSA does not change."""

    def _signed(self, command: Command) -> Response:
        genuine = self._proofs.internal_authenticate(command)
        return Response(bytes(len(genuine.data)), apdu.OK)


class ClearProofChip(EmrtdChip):
    """Its signature is genuine, and comes in clear (A16)."""

    def _answer(self, command: bytes) -> bytes:
        if command[:2] != bytes((PROTECTED_CLA, apdu.INTERNAL_AUTHENTICATE)):
            return super()._answer(command)
        self._session = None
        return self._proofs.internal_authenticate(Command(0, command[1], data=bytes(8))).encode()


class StayingChip(EmrtdChip):
    """Agrees to chip authentication, and goes on in the session that it has."""

    def _answer(self, command: bytes) -> bytes:
        kept = self._session
        answer = super()._answer(command)
        if command[:2] == bytes((PROTECTED_CLA, apdu.GENERAL_AUTHENTICATE)) and kept is not None:
            self._session = kept.next().next()
        return answer


class UnwillingChip(EmrtdChip):
    """Falls out of its session whenever it should prove itself: in clear, as some chips do (A19)."""

    def _answer(self, command: bytes) -> bytes:
        answer = super()._answer(command)
        if command[0] == PROTECTED_CLA and command[1] in PROVING:
            self._session = None
            return Response(b"", apdu.SM_OBJECTS_INCORRECT).encode()
        return answer


class NoTerminalChip(EmrtdChip):
    """Believes no terminal, whatever its certificates."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        if command.ins == apdu.PERFORM_SECURITY_OPERATION:
            return Response(b"", apdu.AUTHENTICATION_FAILED)
        return super()._obey(command, allowed=allowed)
