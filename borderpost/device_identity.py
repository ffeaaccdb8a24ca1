"""How does a device get its identity? Over the network, or on one machine, where the same requests pass in memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from borderpost.errors import Fault
from borderpost.gateway import gateway_errors

if TYPE_CHECKING:
    from edge.identity.files import IdentityFolder
    from edge.outbox.clock import Stamp
    from gateway.identity.certifier import Asked


def enrol_here(gateway: Path, folder: Path, post: str, device: str) -> None:
    """The device's keys are made in its own folder and never leave it."""
    from edge.identity.files import IdentityFolder

    _enrol(gateway, [(IdentityFolder(folder), device)], post)


def enrol_many_here(gateway: Path, folder: Path, post: str, prefix: str, count: int) -> list[str]:
    """``{folder}/{prefix}1/identity`` and so on: pretended devices, so nothing waits for the disk."""
    from edge.identity.files import IdentityFolder

    names = [f"{prefix}{number}" for number in range(1, count + 1)]
    folders = [IdentityFolder(folder / name / "identity", durable=False) for name in names]
    _enrol(gateway, [(place, name) for place, name in zip(folders, names, strict=True) if place.known() is None], post)
    return names


def _enrol(gateway: Path, devices: "Iterable[tuple[IdentityFolder, str]]", post: str) -> None:
    from edge.identity.files import Files
    from gateway.identity.authority import Authority

    with gateway_errors():
        authority = Authority(gateway)
        devices = list(devices)
        asking = [_asked(folder, post, device) for folder, device in devices]
        for (folder, device), enrolled in zip(devices, authority.enrol_all(asking, datetime.now(UTC)), strict=True):
            folder.keep(enrolled, device, Files())


def _asked(folder: "IdentityFolder", post: str, device: str) -> "Asked":
    """The keys of an enrolment that was cut short are used again: they fit what the gateway may know already."""
    from edge.identity.files import Files, request_pem
    from gateway.identity.certifier import Asked, check_names

    check_names(post, device)
    folder.make()
    names = Files()
    request = request_pem(device, folder.tls_key(names.key))
    return Asked(request, folder.signing_key(names.signing, device).public, post, device)


def enrol_by_claim(at: str, code: str, folder: Path, post: str, device: str) -> None:
    from edge.identity.enrolling import enrol_at

    with _device_errors():
        enrol_at(at, code, folder, post, device, _now)


def renew_here(gateway: Path, folder: Path, *, new_key: bool) -> None:
    from edge.identity.enrolling import expect_enrolled, prepare
    from edge.identity.files import IdentityFolder
    from gateway.identity.authority import Authority
    from gateway.identity.joining import Joining

    with _device_errors(), gateway_errors(), expect_enrolled(IdentityFolder(folder)).alone():
        renewal = prepare(folder, b"", new_key=new_key)
        renewal.keep(Joining(Authority(gateway)).renew(renewal.request, datetime.now(UTC)))


def renew_at_gateway(at: str | None, folder: Path, *, new_key: bool) -> None:
    from edge.identity.enrolling import renew_at

    told = known(folder)
    place = at or str((told or {}).get("at", ""))
    if told is not None and not place:
        raise Fault("usage", "This device was not told where to renew.", "Give --at HOST:PORT.")
    with _device_errors():
        renew_at(place, folder, _now, new_key=new_key)


@contextmanager
def _device_errors() -> Iterator[None]:
    from edge.identity.asking import EnrolmentRefused

    try:
        yield
    except EnrolmentRefused as error:
        raise Fault(error.code, error.message, error.cure) from error
    except OSError as error:
        message = f"The identity folder cannot be written: {error.strerror}."
        raise Fault("unwritable", message, "Free disk space, or look at its owner.") from error


def _now() -> "Stamp":
    """The system's own clock: whoever types a command can see whether it is right."""
    from edge.outbox.clock import Stamp
    from messages.events import Clock

    return Stamp(datetime.now(UTC), 0, Clock.HOLDOVER)


def known(folder: Path) -> dict[str, object] | None:
    """What identity.toml says; None where nobody is enrolled."""
    from edge.identity.enrolling import LOST
    from edge.identity.files import IdentityFolder

    try:
        return IdentityFolder(folder).known()
    except ValueError:
        raise Fault("damaged", f"The identity in {folder} is damaged.", LOST) from None


def intact(folder: Path) -> dict[str, object] | None:
    """As ``known``, for whoever has a claim: it brings back also a device of which its signing keys alone are left."""
    from edge.identity.files import IdentityFolder

    try:
        return IdentityFolder(folder).known()
    except ValueError:
        return None
