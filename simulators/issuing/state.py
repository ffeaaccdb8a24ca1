"""An issuing state in a box: its keys and certificates, made once into a folder and loaded from then on."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulators.issuing.certificates import (
    Issuer,
    PrivateKey,
    csca_period,
    expired_signer_period,
    make_csca,
    make_key,
    make_signer,
    name_of,
    signer_period,
)
from simulators.issuing.states import STATES, StateSpec

MADE = "made.json"  # written last: a folder without it was never finished
FORMAT: Final = 2  # of the folder; one of another format is made anew (1 did not keep the CSCA's key)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A certificate and its private key: who signs documents, lists or seals."""

    certificate: x509.Certificate
    key: PrivateKey
    pss: bool = False

    @property
    def der(self) -> bytes:
        return der_of(self.certificate)


@dataclass(frozen=True, slots=True, repr=False)
class State:
    """``folder`` is where its keys lie; what is made later (simulators/issuing/authority.py) is kept there too."""

    spec: StateSpec
    csca: x509.Certificate
    csca_key: PrivateKey
    signer: Signer
    expired_signer: Signer
    folder: Path
    made: date

    @property
    def csca_der(self) -> bytes:
        return der_of(self.csca)

    @property
    def issuer(self) -> Issuer:
        """The CSCA as it signs certificates."""
        return Issuer(self.csca.subject, self.csca_key)

    @staticmethod
    def make(spec: StateSpec, folder: Path, today: date) -> "State":
        """New keys, written to ``folder``. RSA keys take seconds, which is why they are kept."""
        csca_key, key, old_key = make_key(spec.csca), make_key(spec.signer), make_key(spec.signer)
        csca = make_csca(name_of(spec, "CSCA"), csca_key, csca_period(today))
        issuer = Issuer(csca.subject, csca_key)
        signer = Signer(make_signer(issuer, spec, key, signer_period(today)), key, spec.pss)
        expired = Signer(make_signer(issuer, spec, old_key, expired_signer_period(today)), old_key, spec.pss)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MADE).unlink(missing_ok=True)
        for name, each in (("csca", Signer(csca, csca_key)), ("signer", signer), ("expired-signer", expired)):
            write_signer(folder, name, each)
        (folder / MADE).write_text(json.dumps({"format": FORMAT, "state": spec.code, "made": today.isoformat()}))
        return State(spec, csca, csca_key, signer, expired, folder, today)

    @staticmethod
    def load(spec: StateSpec, folder: Path) -> "State":
        """What ``make`` wrote. Raises OSError or ValueError when it is not all there."""
        csca, signer, expired = (read_signer(folder, name, spec.pss) for name in ("csca", "signer", "expired-signer"))
        made = date.fromisoformat(json.loads((folder / MADE).read_text())["made"])
        return State(spec, csca.certificate, csca.key, signer, expired, folder, made)


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
    """The kept state, unless its format is an old one or its certificates no longer fit today: it starts anew then."""
    if (folder / MADE).is_file() and json.loads((folder / MADE).read_text()).get("format") == FORMAT:
        state = State.load(spec, folder)
        if state.made <= today and state.signer.certificate.not_valid_after_utc.date().year >= today.year + 10:
            return state
    return State.make(spec, folder, today)


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def write_signer(folder: Path, name: str, signer: Signer) -> None:
    """``name``.key, readable by its owner only, and ``name``.der."""
    secret = signer.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.key"
    path.touch(mode=0o600)
    path.write_bytes(secret)
    (folder / f"{name}.der").write_bytes(signer.der)


def read_signer(folder: Path, name: str, pss: bool) -> Signer:
    """What ``write_signer`` wrote. Raises OSError, ValueError."""
    secret = (folder / f"{name}.key").read_bytes()
    # Checking an RSA key takes longer than all the rest, and these are our own.
    key = serialization.load_der_private_key(secret, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, PrivateKey):
        raise ValueError(f"The key {name}.key is neither EC nor RSA. Delete the folder; it is made anew.")
    return Signer(x509.load_der_x509_certificate((folder / f"{name}.der").read_bytes()), key, pss)
