"""What may be written to a chip, or taken off it, after the state signed? (Doc 9303-11, 5.1; Doc 9303-10, 4.6.2)"""

from dataclasses import replace
from typing import Final

from icao.lds.files import data_group
from simulators.issuing import groups
from simulators.issuing.catalogue.entry import Case, Entry, Make, Right, failed, undetermined
from simulators.issuing.catalogue.world import World, with_files
from simulators.issuing.chip_keys import ActiveAuthentication
from simulators.issuing.equipping import RSA_BITS, RSA_KEYS, equipped, rsa_key
from simulators.issuing.passports import with_other_name_printed, with_other_page
from simulators.issuing.profile import PROFILES

FULL_NAME: Final = 0x5F0E  # in DG11


def _renamed(world: World) -> Case:
    """Number and dates stay, so that the chip opens, and page and chip agree."""
    genuine = world.issue()
    page = with_other_name_printed(genuine, world.states["UTO"], world.stranger, world.term)
    return world.case(with_files(page, DG1=groups.dg1(page.mrz_lines)))


def _other_portrait(world: World) -> Case:
    return world.case(with_files(world.issue(), DG2=groups.dg2(world.stranger.portrait, world.stranger.sex)))


def _own_key(code: str, name: str) -> Make:
    """The copy proves itself perfectly, by a key that its forger made."""

    def make(world: World) -> Case:
        forgers = ActiveAuthentication(rsa_key(RSA_BITS, RSA_KEYS))  # none of those that Norvania uses
        chip = PROFILES[code].chip
        chip = replace(chip, active_key=forgers) if chip.rsa else chip
        own = equipped(chip, world.chance.randbytes, world.states[code].signer)
        return world.case(replace(with_files(world.issue(code), **{name: own.files[name]}), secrets=own.secrets))

    return make


def _foreign_sod(world: World) -> Case:
    """The forger owns a genuine passport, and its signature is right."""
    other = world.issue(holder=world.stranger)
    return world.case(with_files(world.issue(), SOD=other.files["SOD"]))


def _unsigned(wanted: tuple[int, ...] | None = None) -> Make:
    """A name that is not in DG1."""

    def make(world: World) -> Case:
        name = groups.dg11({FULL_NAME: f"{world.stranger.surname}<<{world.stranger.given_names}"})
        forged = with_files(world.issue(), DG11=name, COM=groups.com((1, 2, 11, 14)))
        return replace(world.case(forged), wanted=wanted)

    return make


def _stripped(code: str, number: int, *rest: int) -> Make:
    """Takes a group away, and corrects EF.COM."""

    def make(world: World) -> Case:
        taken: dict[str, bytes | None] = {data_group(number).name: None}
        return world.case(with_files(world.issue(code), **taken, COM=groups.com(rest)))

    return make


def _other_name_on_the_page(world: World) -> Case:
    return world.case(with_other_name_printed(world.issue(), world.states["UTO"], world.stranger, world.term))


def _other_page(world: World) -> Case:
    return world.case(with_other_page(world.issue(), world.issue(holder=world.stranger)))


ENTRIES: Final = (
    Entry("altered-dg1", "Another name was written over DG1, and the page printed to match.", _renamed,
          Right(failed(pa__dg_hash__1="group-altered")), "A06"),
    Entry("altered-dg2", "The portrait was replaced after the state had signed.", _other_portrait,
          Right(failed(pa__dg_hash__2="group-altered")), "A06"),
    Entry("altered-dg14", "A copy with a key for chip authentication of its own, written over DG14.",
          _own_key("UTO", "DG14"),
          Right(failed(pa__dg_hash__14="group-altered") | undetermined(ca="ca-not-bound")), "A01"),
    Entry("altered-dg15", "A copy with a key for active authentication of its own, written over DG15.",
          _own_key("NRV", "DG15"),
          Right(failed(pa__dg_hash__15="group-altered") | undetermined(aa="aa-not-bound")), "A01"),
    Entry("foreign-sod", "The signature is genuine, and belongs to another passport.", _foreign_sod,
          Right(failed(pa__dg_hash__1="group-altered", pa__dg_hash__2="group-altered", pa__dg_hash__14="group-altered")
                | undetermined(ca="ca-not-bound")), "A05"),
    Entry("unsigned-dg11", "DG11 was added with another name; EF.COM lists it, and nobody signed it.", _unsigned(),
          Right(failed(lds__dg_list="group-unsigned")), "A07"),
    Entry("unsigned-dg11-read", "The same, read by somebody who asks for DG11.", _unsigned((1, 2, 11)),
          Right(failed(lds__dg_list="group-unsigned", pa__dg_hash__11="group-unsigned")), "A07"),
    Entry("stripped-dg2", "The portrait was taken away.", _stripped("UTO", 2, 1, 14),
          Right(failed(lds__dg_list="group-missing")), "A06"),
    Entry("stripped-dg14", "A copy without the key of chip authentication, and without DG14 that announces it.",
          _stripped("UTO", 14, 1, 2), Right(failed(lds__dg_list="group-missing", ca="ca-stripped")), "A02"),
    Entry("stripped-dg15", "A copy without the key of active authentication, and without DG15 that announces it.",
          _stripped("NRV", 15, 1, 2), Right(failed(lds__dg_list="group-missing", aa="aa-stripped")), "A02"),
    Entry("page-differs", "The page was printed anew with another name around a genuine chip.",
          _other_name_on_the_page, Right(failed(mrz__match="page-differs")), "A08"),
    Entry("other-page", "A genuine chip in the cover of another genuine passport.", _other_page,
          Right(failed(access="wrong-key")), "A26"),
)  # fmt: skip
