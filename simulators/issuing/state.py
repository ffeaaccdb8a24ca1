"""An issuing state in a box: its keys and certificates, made once into a folder and loaded from then on."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulators.issuing.certificates import (
    PrivateKey,
    expired_signer_period,
    make_csca,
    make_key,
    make_signer,
    signer_period,
)
from simulators.issuing.states import STATES, StateSpec

MADE = "made.json"  # written last: a folder without it was never finished


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A document signer: what stands in the SOD, and the key that signs it."""

    certificate: x509.Certificate
    key: PrivateKey
    pss: bool

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, slots=True, repr=False)
class State:
    spec: StateSpec
    csca: x509.Certificate
    signer: Signer
    expired_signer: Signer

    @property
    def csca_der(self) -> bytes:
        return self.csca.public_bytes(serialization.Encoding.DER)

    @staticmethod
    def make(spec: StateSpec, folder: Path, today: date) -> "State":
        """New keys, written to ``folder``. RSA keys take seconds, which is why they are kept."""
        csca_key, key, old_key = make_key(spec.csca), make_key(spec.signer), make_key(spec.signer)
        csca = make_csca(spec, csca_key, today)
        signer = Signer(make_signer(spec, csca, csca_key, key, *signer_period(today)), key, spec.pss)
        period = expired_signer_period(today)
        expired = Signer(make_signer(spec, csca, csca_key, old_key, *period), old_key, spec.pss)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MADE).unlink(missing_ok=True)
        (folder / "csca.der").write_bytes(csca.public_bytes(serialization.Encoding.DER))
        _write_signer(folder, "signer", signer)
        _write_signer(folder, "expired-signer", expired)
        (folder / MADE).write_text(json.dumps({"state": spec.code, "made": today.isoformat()}))
        return State(spec, csca, signer, expired)

    @staticmethod
    def load(spec: StateSpec, folder: Path) -> "State":
        """What ``make`` wrote. Raises OSError or ValueError when it is not all there."""
        csca = x509.load_der_x509_certificate((folder / "csca.der").read_bytes())
        return State(spec, csca, _read_signer(folder, "signer", spec), _read_signer(folder, "expired-signer", spec))


def open_states(folder: Path, today: date) -> dict[str, State]:
    """All states by code, from ``folder`` where they are there already, made new where they are not."""
    return {code: _open(spec, folder / code.lower(), today) for code, spec in STATES.items()}


def write_trust(states: dict[str, State], folder: Path) -> None:
    """The trust folder of a border post: a CSCA certificate per known state, and where each came from."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {}
    for code, state in states.items():
        if state.spec.trusted:
            name = f"{code.lower()}-csca.der"
            (folder / name).write_bytes(state.csca_der)
            sources[name] = {
                "state": code,
                "country": state.spec.country,
                "source": "simulators/issuing: not a real state",
            }
    (folder / "sources.json").write_text(json.dumps({"version": 1, "certificates": sources}, indent=1) + "\n")


def _open(spec: StateSpec, folder: Path, today: date) -> State:
    """The kept state, unless its certificates no longer fit today: then the state starts anew."""
    if (folder / MADE).is_file():
        state = State.load(spec, folder)
        made = date.fromisoformat(json.loads((folder / MADE).read_text())["made"])
        if made <= today and state.signer.certificate.not_valid_after_utc.date().year >= today.year + 10:
            return state
    return State.make(spec, folder, today)


def _write_signer(folder: Path, name: str, signer: Signer) -> None:
    secret = signer.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.key"
    path.touch(mode=0o600)
    path.write_bytes(secret)
    (folder / f"{name}.der").write_bytes(signer.der)


def _read_signer(folder: Path, name: str, spec: StateSpec) -> Signer:
    key = serialization.load_der_private_key((folder / f"{name}.key").read_bytes(), password=None)
    if not isinstance(key, PrivateKey):
        raise ValueError(f"The key {name}.key is neither EC nor RSA. Delete the folder; it is made anew.")
    return Signer(x509.load_der_x509_certificate((folder / f"{name}.der").read_bytes()), key, spec.pss)
