"""Which rules hold at this post? One versioned TOML file that a ministry can read, and nothing else."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final  # Any: TOML values, until they are parsed here

FORMAT: Final = "borderpost-rules-1"
DEFAULT: Final = Path(__file__).with_name("default_rules.toml")
MAX_FILE_BYTES: Final = 1_000_000
MAX_AGE_YEARS: Final = 120
MAX_LIST_AGE_H: Final = 24 * 366
MAX_VERSION_CHARACTERS: Final = 64

# Every rule that can speak, in the order in which officers read them. Each has a sentence in the file.
RULES: Final = (
    "rules-in-force",
    "document-genuine",
    "document-readable",
    "document-type",
    "document-valid",
    "document-list",
    "person-list",
    "lists-fresh",
    "nationality",
    "minimum-age",
)


class RulesError(Exception):
    """One sentence: which setting, what is wrong, what it should be."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose nationality may use the gate; all others go to an officer."""

    accept_others: bool
    accept: frozenset[str] = frozenset()
    refer: frozenset[str] = frozenset()

    def accepts(self, nationality: str) -> bool:
        return nationality not in self.refer and (self.accept_others or nationality in self.accept)


@dataclass(frozen=True, slots=True)
class Rules:
    version: str
    valid_from: date
    valid_until: date | None
    minimum_age_years: int
    document_types: frozenset[str]
    nationality: Policy
    nationality_by_issuer: dict[str, Policy]
    documents_limit_h: float
    persons_limit_h: float
    sentences: dict[str, str]


def load_rules(path: Path = DEFAULT) -> Rules:
    """Read and judge the file. Raises RulesError: a rule that is half understood is no rule."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RulesError(f"The rules {path} cannot be read ({error.strerror}): put a rules file there.") from error
    if len(content) > MAX_FILE_BYTES:
        raise RulesError(f"The rules {path.name} are larger than {MAX_FILE_BYTES} bytes: put a smaller file there.")
    try:
        return parse_rules(content.decode())
    except UnicodeDecodeError as error:
        raise RulesError(f"The rules {path.name} are not UTF-8 text: save them as UTF-8.") from error


def parse_rules(text: str) -> Rules:
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesError(f"The rules are not TOML ({error}): correct the file.") from error
    top = Table("", table)
    top.only("format", "version", "valid_from", "minimum_age_years", "document_types", "nationality", "lists",
             "sentences", optional=("valid_until",))  # fmt: skip
    demand(table["format"] == FORMAT, "format", f'"{FORMAT}"')
    nationality, lists = top.table("nationality"), top.table("lists")
    lists.only("documents_limit_h", "persons_limit_h")
    rules = Rules(
        version=top.text("version"),
        valid_from=top.day("valid_from"),
        valid_until=top.day("valid_until") if "valid_until" in table else None,
        minimum_age_years=int(top.number("minimum_age_years", MAX_AGE_YEARS, whole=True)),
        document_types=top.codes("document_types", (1, 2)),
        nationality=policy(nationality, optional=("by_issuer",)),
        nationality_by_issuer=by_issuer(nationality),
        documents_limit_h=lists.number("documents_limit_h", MAX_LIST_AGE_H),
        persons_limit_h=lists.number("persons_limit_h", MAX_LIST_AGE_H),
        sentences=sentences(top.table("sentences")),
    )
    demand(rules.valid_until is None or rules.valid_from <= rules.valid_until, "valid_until", "a day after valid_from")
    demand(len(rules.document_types) > 0, "document_types", 'at least one code, as in ["P"]')
    return rules


def by_issuer(nationality: "Table") -> dict[str, Policy]:
    if "by_issuer" not in nationality.values:
        return {}
    table = nationality.table("by_issuer")
    for issuer in table.values:
        demand(
            is_code(issuer, (1, 3)), f"nationality.by_issuer.{issuer}", "named after the issuer's letters in the MRZ"
        )
    return {issuer: policy(table.table(issuer)) for issuer in table.values}


def policy(table: "Table", optional: tuple[str, ...] = ()) -> Policy:
    table.only("others", "accept", "refer", optional=optional)
    others = table.values["others"]
    demand(others in ("accept", "refer"), table.at("others"), '"accept" or "refer"')
    accept, refer = table.codes("accept", (1, 3)), table.codes("refer", (1, 3))
    demand(not accept & refer, table.at("accept"), "without a code that stands under refer too")
    return Policy(others == "accept", accept, refer)


def sentences(table: "Table") -> dict[str, str]:
    table.only(*RULES)
    return {rule: table.text(rule, most=500) for rule in RULES}


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML table and where it stands, so that every complaint names the setting."""

    place: str
    values: dict[str, Any]

    def at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name

    def only(self, *names: str, optional: tuple[str, ...] = ()) -> None:
        for name in names:
            demand(name in self.values, self.at(name), "set")
        for name in self.values:
            demand(name in names or name in optional, self.at(name), "left out, since no rule has that name")

    def table(self, name: str) -> "Table":
        value = self.values[name]
        demand(isinstance(value, dict), self.at(name), "a table")
        return Table(self.at(name), value)

    def text(self, name: str, most: int = MAX_VERSION_CHARACTERS) -> str:
        value = self.values[name]
        demand(isinstance(value, str) and 0 < len(value) <= most, self.at(name), f"a text of 1 to {most} characters")
        return str(value)

    def day(self, name: str) -> date:
        value = self.values[name]
        demand(isinstance(value, date) and not isinstance(value, datetime), self.at(name), "a day, as in 2026-01-31")
        return date(value.year, value.month, value.day)

    def number(self, name: str, most: int, whole: bool = False) -> float:
        value = self.values[name]
        kinds = int if whole else (int, float)
        usable = isinstance(value, kinds) and not isinstance(value, bool) and 0 <= value <= most
        demand(usable, self.at(name), f"a {'whole ' if whole else ''}number from 0 to {most}")
        return float(value)

    def codes(self, name: str, lengths: tuple[int, int]) -> frozenset[str]:
        value = self.values[name]
        usable = isinstance(value, list) and all(is_code(code, lengths) for code in value)
        demand(usable, self.at(name), f"a list of codes of {lengths[0]} to {lengths[1]} capital letters")
        return frozenset(value)


def is_code(value: object, lengths: tuple[int, int]) -> bool:
    return (
        isinstance(value, str)
        and lengths[0] <= len(value) <= lengths[1]
        and value.isascii()
        and value.isalpha()
        and value.isupper()
    )


def demand(true: bool, place: str, wanted: str) -> None:
    if not true:
        raise RulesError(f"In the rules, {place} must be {wanted}.")
