"""Which travellers come, and what is the right outcome for each of them (docs/contract.md, 8)."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    GRANTED = "granted"
    REFERRED = "referred"
    ABANDONED = "abandoned"


class Trouble(StrEnum):
    """What fails around the traveller while she is in passage."""

    NETWORK_CUT = "network-cut"
    GATEWAY_KILLED = "gateway-killed"
    CONTROLLER_UNPLUGGED = "controller-unplugged"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``document`` names the defect that the issuing simulator makes, ``conduct`` what the person does."""

    name: str
    right: Outcome
    reasons: frozenset[str] = frozenset()  # any of these is the right reason of a referral
    document: str = "honest"
    conduct: str = "honest"
    trouble: Trouble | None = None
    weight: int = 1


def _refer(name: str, *reasons: str, document: str = "honest", conduct: str = "honest") -> Scenario:
    return Scenario(name, Outcome.REFERRED, frozenset(reasons), document, conduct)


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("honest", Outcome.GRANTED, weight=8),
        _refer("expired-document", "document-expired", document="expired-document"),
        _refer("unknown-issuer", "issuer-unknown", document="unknown-issuer"),
        _refer("altered-face", "chip-altered", document="altered-face"),
        _refer("altered-mrz", "mrz-mismatch", "chip-access-denied", document="altered-mrz"),
        _refer("chip-unreadable", "chip-unreadable", document="chip-unreadable"),
        _refer("look-alike", "face-no-match", conduct="look-alike"),
        _refer("listed-document", "document-listed", document="listed-document"),
        _refer("listed-person", "person-listed", document="listed-person"),
        _refer("under-age", "under-age", document="under-age"),
        _refer("tailgater", "not-alone", conduct="tailgater"),
        Scenario("steps-back", Outcome.ABANDONED, conduct="steps-back"),
        Scenario("leaves-document", Outcome.GRANTED, conduct="leaves-document"),
        _refer("stands-still", "face-not-captured", "too-slow", conduct="stands-still"),
        Scenario("lifts-early", Outcome.GRANTED, conduct="lifts-early"),
        Scenario("network-cut", Outcome.GRANTED, trouble=Trouble.NETWORK_CUT),
        Scenario("gateway-killed", Outcome.GRANTED, trouble=Trouble.GATEWAY_KILLED),
        Scenario(
            "controller-unplugged",
            Outcome.REFERRED,
            frozenset({"controller-lost"}),
            trouble=Trouble.CONTROLLER_UNPLUGGED,
        ),
    )
}


def draw(count: int, only: str | None, chance: random.Random) -> list[Scenario]:
    """The travellers of a run, in the order in which they come.

    In the default mix every scenario comes at least once when the run is long enough; honest travellers come most.
    """
    if only is not None:
        return [SCENARIOS[only]] * count
    everybody = list(SCENARIOS.values())
    weights = [scenario.weight for scenario in everybody]
    drawn = everybody[:count] + chance.choices(everybody, weights, k=max(0, count - len(everybody)))
    chance.shuffle(drawn)
    return drawn
