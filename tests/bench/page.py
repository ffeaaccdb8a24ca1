"""How are figures told? A table for a person at a terminal, and docs/figures.md."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.bench.goals import Figure, figures

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures.md"
HEAD = """\
# Figures

Written by `./run bench [NAME ...] --write`; do not edit. **Nothing here ran on a Raspberry Pi.** Names carry their
unit; p50 is the median, p95 what 95 of 100 stay below. Goals are told, not asserted, because seconds belong to a
machine, and to what else it does: see each load (1 is one core's work).
"""
MEASURED = (
    "Measured on {day}: {cpu}, {cores} cores, {memory_gb} GB, {system}, Python {python}; load {load_before} before, "
    "{load_after} after."
)
ABOUT = {
    "lane": """\
Honest travellers at real time through a whole post on real wires. People walk and read at a person's pace; the chip
answers at a real chip's (15 ms a command and 1 ms for each 53 bytes). `machine_seconds` is what the person waits for
the machine; `peak_rss_mb` is the most that each process had.""",
    "processes": """\
Each process when nobody passes, medians of several starts. `edge` is without its face process. `start_s` is until it
answers (edge, gateway: its page; face: its models are warm; controller: its doors are bolted), `cpu_s` what it
computed until the whole post was ready.""",
    "pages": """\
Headless Chromium in fresh windows. `transfer_kb` with headers, uncached; `drawn_ms` from a change to its paint.""",
    "outbox": "One crossing, one FULL transaction, in a temporary folder on this machine's disk.",
    "documents": """\
The chip in the same process: `host_ms` is our share alone, `with_a_real_chip_ms` adds what a real chip takes. A reader
and a chip with extended length (4096 bytes a command, and more once a chip has given that), and without (231).
`read_4096` and `read_256`: a chip of 16 KB (COM, DG1, DG2, SOD, DG14, DG15) opened by BAC; every command is counted.
`whole_reading`: PACE, files, passive, chip and active authentication at a real chip's tempo; `over_percent` is what it
took longer than its commands. `all_day`: memory of a process that reads and judges documents, their chips with it.""",
    "face": "The delivered matcher on one thread.",
    "messages": """\
Processor time of one thread, best of seven rounds: an event from its bytes to its typed fact, and a frame in three
steps. `granted` has eight checks; `crossings` are granted and left in turn.""",
    "delivery": """\
A fleet of simulated devices on a real mosquitto (mutual TLS 1.3) and a real gateway on SQLite with FULL sync: verified,
opened, stored, read models included. Frames are sealed before the clock starts; 5 of 100 are offered twice. `raw` is
what Debian's mosquitto clients get through the same broker with QoS 1 and the payload of a frame of one; each ratio is
taken within its own round. `latency_ms` is from the edge's outbox, before its commit, until the acknowledgement has
struck the row off: the gateway's commit lies before that. `fleet_latency_ms`: the same, of simulated devices.
`backlog.live_ms`: the same, of events that happen while a backlog drains. `gateway_rss_mb`: with 2,000 devices.""",
    "scale": """\
Processor time of each kind of process for an event: one worker's intake into PostgreSQL, and the whole way from eight
devices through three NATS nodes to two workers and their database. Bytes are what lies on the disk. docs/scale.md.""",
}


def rows(measured: Mapping[str, object]) -> list[Figure]:
    return [figure for name, told in measured.items() if name != "machine" for figure in figures(name, told)]


def table(measured: Mapping[str, object]) -> str:
    """For a terminal."""
    machine = measured["machine"]
    lines = [", ".join(f"{key} {value}" for key, value in machine.items())]
    told = rows(measured)
    width = max(len(one.name) for one in told)
    lines += [f"{one.name:{width}}{one.value!s:>10}   {one.goal:8}{one.reached}".rstrip() for one in told]
    return "\n".join(lines)


def page(measured: Mapping[str, object], day: date, before: str = "") -> str:
    """The page anew; sections that were not measured this time stay as they stood in the page before."""
    sections = dict(_sections(before))
    machine = MEASURED.format(day=day, **measured["machine"])
    for name, told in measured.items():
        if name != "machine":
            sections[name] = f"{ABOUT[name]}\n\n{machine}\n\n{_markdown(name, list(figures(name, told)))}"
    return HEAD + "".join(f"\n## {name}\n{sections[name]}\n" for name in ABOUT if name in sections)


def _sections(before: str) -> Iterator[tuple[str, str]]:
    for section in before.split("\n## ")[1:]:
        name, _, body = section.partition("\n")
        yield name, body.rstrip("\n")


def _markdown(name: str, told: Sequence[Figure]) -> str:
    lines = ["| figure | value | goal | reached |", "|---|---|---|---|"]
    lines += [f"| {one.name.removeprefix(name + '.')} | {one.value} | {one.goal} | {one.reached} |" for one in told]
    return "\n".join(lines)
