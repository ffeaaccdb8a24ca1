"""``borderpost gateway``: set a region's gateway up, run it, and ask it what is missing or set aside."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from borderpost.errors import Fault
from borderpost.verbs import region_verb

if TYPE_CHECKING:
    from gateway.queries import Queries


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from borderpost import (
        gateway_alarms,
        gateway_broker,
        gateway_care,
        gateway_keys,
        gateway_list,
        gateway_move,
        gateway_nats,
        gateway_quarantine,
    )  # they need what stands here

    parser = subparsers.add_parser("gateway", help="the region: store, pages, devices")
    verbs = parser.add_subparsers(dest="gateway_verb", required=True, metavar="VERB")
    init = region_verb(verbs, "init", "make keys, certificates and store; what exists is kept", _init)
    init.add_argument("--region", default="", help="name of the region; known when it was set up before")
    init.add_argument("--store", default="", metavar="URL", help="a PostgreSQL (postgresql://...) instead of a file")
    run = region_verb(verbs, "run", "run the gateway until it is told to stop", _run, required=False)
    run.add_argument("--config", type=Path, help="gateway.toml, instead of --state")
    run.add_argument("--broker", metavar="HOST:PORT", help="another broker than the configured one")
    run.add_argument("--pages", metavar="HOST:PORT", help="another address for the pages than the configured one")
    run.add_argument("--worker", metavar="NAME", help="another of the region's workers than the configured one")
    run.add_argument("--enrolment", metavar="HOST:PORT", help="another address for enrolment than the configured one")
    region_verb(verbs, "gaps", "sequence numbers that never came", _gaps)
    gateway_quarantine.add_arguments(
        region_verb(verbs, "quarantine", "what was set aside, and why", gateway_quarantine.run)
    )
    gateway_alarms.add_arguments(
        region_verb(verbs, "alarms", "what the gateway itself has to say of devices", gateway_alarms.run)
    )
    region_verb(verbs, "rebuild", "fold what pages show anew from the events, and say if it was right", _rebuild)
    gateway_care.add_verbs(verbs)
    gateway_list.add_verb(verbs)
    gateway_keys.add_verbs(verbs)
    gateway_broker.add_arguments(
        region_verb(verbs, "broker", "the files of a mosquitto for this region", gateway_broker.run)
    )
    gateway_nats.add_arguments(region_verb(verbs, "nats", "what the nodes of a NATS cluster need", gateway_nats.run))
    gateway_move.add_arguments(region_verb(verbs, "move", "from a file into PostgreSQL", gateway_move.run))


def _init(args: argparse.Namespace) -> int:
    from gateway.config import CONFIG_NAME, load
    from gateway.identity.authority import set_up

    with gateway_errors():
        made = set_up(args.state, args.region, datetime.now(UTC), args.store)
        region = load(args.state / CONFIG_NAME).region
    if args.json:
        print(json.dumps({"state": str(args.state), "region": region, "made": made}))
    else:
        print(f"Region {region} in {args.state}: " + (f"made {', '.join(made)}." if made else "all was there."))
    return 0


def _run(args: argparse.Namespace) -> int:
    from gateway.__main__ import serve
    from gateway.config import expect_somewhere, load
    from gateway.state import CONFIG_NAME, StateFolder

    if (args.state is None) == (args.config is None):
        raise Fault("usage", "gateway run needs either --state DIR or --config FILE.", "Give one of them.")
    with gateway_errors():
        config = load(args.config or args.state / CONFIG_NAME)
        if args.broker:
            host, port = _address(args.broker)
            expect_somewhere("--broker", host)
            config = replace(config, broker_host=host, broker_port=port)
        if args.pages:
            host, port = _address(args.pages)
            config = replace(config, pages_host=host, pages_port=port)
        if args.enrolment:
            host, port = _address(args.enrolment)
            expect_somewhere("--enrolment", host)
            config = replace(config, enrolment_host=host, enrolment_port=port)
        if args.worker:
            config = replace(config, worker=args.worker)
        serve(StateFolder(config.state, config), config)
    return 0


def _gaps(args: argparse.Namespace) -> int:
    with _queries(args.state) as queries:
        gaps: list[dict[str, Any]] = [
            {"device": gap.device, "boot": gap.boot, "missing": gap.missing} for gap in queries.gaps()
        ]
        boots, awaited = queries.boots_missing(), queries.awaited()
        dropped = queries.declared_drops()
    if args.json:
        more = {"boots_missing": [asdict(one) for one in boots], "awaited": [asdict(one) for one in awaited]}
        print(json.dumps({"gaps": gaps, **more, "declared_drops": dropped}))
    else:
        lines = [_gap(gap) for gap in gaps]
        lines += [f"{one.device}: nothing came of its starts {_numbers(one.numbers)}" for one in boots]
        print("\n".join(lines) or "Nothing is missing.")
        for one in awaited:
            print(f"{one.device} boot {one.boot}: still to come {_numbers(one.numbers)}")
        if dropped:
            print(f"{dropped} numbers were dropped by full disks, as their devices declared.")
    return 1 if gaps or boots else 0  # what is merely on its way is no gap


def _gap(gap: dict[str, Any]) -> str:
    return f"{gap['device']} boot {gap['boot']}: missing {_numbers(gap['missing'])}"


def moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def _numbers(stretches: Sequence[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in stretches)


def _rebuild(args: argparse.Namespace) -> int:
    from gateway.intake.rebuild import rebuild
    from gateway.intake.vault import Vault
    from gateway.state import StateFolder

    with gateway_errors():
        folder = StateFolder(args.state)
        with closing(folder.open_store()) as connection:
            rebuilt = rebuild(connection, Vault(folder.store_key()))
    if args.json:
        print(json.dumps(asdict(rebuilt)))
    else:
        verdict = "everything stood right" if rebuilt.equal else "something differed, and was put right"
        print(f"{rebuilt.events} events folded anew in {rebuilt.seconds} s: {verdict}.")
    return 0 if rebuilt.equal else 1


@contextmanager
def gateway_errors() -> Iterator[None]:
    """A failure of the gateway, said as the command line says it."""
    from gateway.care.epoch import BEING_RESTORED
    from gateway.errors import GatewayError
    from gateway.store.connection import StoreFault

    try:
        yield
    except GatewayError as error:
        raise Fault(error.code, error.message, error.cure) from error
    except StoreFault as error:  # it went while the command was at work
        if error.code == BEING_RESTORED:
            cure = "Wait until that is done. If it was cut short, run it again."
            raise Fault(error.code, "This store is being restored.", cure, exit_code=4) from error
        cure = (
            "See that its disk or its server is there, and that the gateway was started once since this program was"
            " brought up to date (or say `gateway init`), then run the command again."
        )
        raise Fault("store-refused", f"The store did not do it ({error.code}).", cure, exit_code=4) from error


@contextmanager
def _queries(state: Path) -> "Iterator[Queries]":
    from gateway.queries import Queries
    from gateway.state import StateFolder

    with gateway_errors(), closing(StateFolder(state).open_store()) as connection:
        yield Queries(connection)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise Fault("usage", f"{text!r} is no address.", "Write it as HOST:PORT.")
    return host, int(port)
