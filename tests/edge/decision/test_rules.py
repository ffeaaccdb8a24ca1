"""Rules files: every setting named, every doubt refused with one sentence."""

from datetime import date
from pathlib import Path

import pytest

from edge.decision.rules import DEFAULT, RULES, Policy, RulesError, load_rules, parse_rules

TEXT = DEFAULT.read_text()


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_the_default_rules_are_read_and_have_a_sentence_for_every_rule() -> None:
    rules = load_rules()
    assert (rules.version, rules.valid_from, rules.valid_until) == ("utopia-2026-1", date(2026, 1, 1), None)
    assert (rules.minimum_age_years, rules.document_types) == (18, frozenset({"P"}))
    assert rules.nationality == Policy(True, refer=frozenset({"XXA", "XXB", "XXC", "XXX"}))
    assert (rules.documents_limit_h, rules.persons_limit_h) == (24.0, 24.0)
    assert tuple(rules.sentences) == RULES
    assert all(sentence.endswith(".") for sentence in rules.sentences.values())


def test_an_issuer_may_have_a_policy_of_its_own_and_rules_may_end() -> None:
    text = changed("# [nationality.by_issuer.NRV]", "[nationality.by_issuer.NRV]")
    for line in ('others = "refer"', 'accept = ["NRV"]', "refer = []"):
        text = text.replace(f"# {line}", line, 1)
    rules = parse_rules(text.replace("# valid_until", "valid_until"))
    assert rules.nationality_by_issuer == {"NRV": Policy(False, accept=frozenset({"NRV"}))}
    assert rules.valid_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('format = "borderpost-rules-1"', 'format = "borderpost-rules-2"', "format"),
        ('format = "borderpost-rules-1"', "", "format"),
        ('version = "utopia-2026-1"', 'version = ""', "version"),
        ('version = "utopia-2026-1"', "version = 1", "version"),
        ("valid_from = 2026-01-01", 'valid_from = "2026-01-01"', "valid_from"),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00Z", "valid_from"),
        ("# valid_until = 2027-12-31", "valid_until = 2025-12-31", "valid_until"),
        ("minimum_age_years = 18", "minimum_age_years = -1", "minimum_age_years"),
        ("minimum_age_years = 18", "minimum_age_years = 121", "minimum_age_years"),
        ("minimum_age_years = 18", "minimum_age_years = 17.5", "minimum_age_years"),
        ("minimum_age_years = 18", "minimum_age_years = true", "minimum_age_years"),
        ("minimum_age_years = 18", "minimum_age = 18", "minimum_age_years"),
        ("minimum_age_years = 18", "minimum_age_years = 18\nminimum_age = 18", "minimum_age"),
        ('document_types = ["P"]', "document_types = []", "document_types"),
        ('document_types = ["P"]', 'document_types = ["p"]', "document_types"),
        ('document_types = ["P"]', 'document_types = ["PPP"]', "document_types"),
        ('document_types = ["P"]', 'document_types = "P"', "document_types"),
        ('document_types = ["P"]', "document_types = [1]", "document_types"),
        ('document_types = ["P"]', 'document_types = ["Ü"]', "document_types"),
        ('others = "accept"', 'others = "refuse"', "nationality.others"),
        ("accept = []", 'accept = ["XXA"]', "nationality.accept"),
        ("accept = []", 'accept = ["UTOP"]', "nationality.accept"),
        ("accept = []", "", "nationality.accept"),
        ("[lists]", '[nationality.by_issuer.nrv]\nothers = "refer"\naccept = []\nrefer = []\n[lists]', "by_issuer.nrv"),
        ("[lists]", '[nationality.by_issuer.NRV]\nothers = "refer"\naccept = []\n[lists]', "by_issuer.NRV.refer"),
        ("[lists]", "[nationality.by_issuer]\nNRV = 1\n[lists]", "nationality.by_issuer.NRV"),
        ("documents_limit_h = 24", "documents_limit_h = 9000", "lists.documents_limit_h"),
        ("persons_limit_h = 24", 'persons_limit_h = "24"', "lists.persons_limit_h"),
        ("persons_limit_h = 24", "persons_limit_h = nan", "lists.persons_limit_h"),
        ("[lists]", "[list]", "lists"),
        ("lists-fresh =", "lists-old =", "sentences.lists-fresh"),
        ("lists-fresh =", 'more = "x"\nlists-fresh =', "sentences.more"),
    ],
)
def test_a_doubtful_setting_is_named_and_nothing_is_read(old: str, new: str, place: str) -> None:
    with pytest.raises(RulesError) as complaint:
        parse_rules(changed(old, new))
    assert place in str(complaint.value)
    assert str(complaint.value).startswith("In the rules, ")
    assert str(complaint.value).endswith(".")


def test_a_table_that_is_none_is_named() -> None:
    without = TEXT[: TEXT.index("[lists]")] + TEXT[TEXT.index("[sentences]") :]
    with pytest.raises(RulesError, match=r"lists must be a table"):
        parse_rules("lists = 1\n" + without)


def test_what_is_no_rules_file_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RulesError, match="not TOML"):
        parse_rules("version = ")
    with pytest.raises(RulesError, match="cannot be read"):
        load_rules(tmp_path / "rules.toml")
    (tmp_path / "rules.toml").write_bytes(b'version = "\xff"')
    with pytest.raises(RulesError, match="UTF-8"):
        load_rules(tmp_path / "rules.toml")
    monkeypatch.setattr("edge.decision.rules.MAX_FILE_BYTES", 5)
    with pytest.raises(RulesError, match="larger than 5 bytes"):
        load_rules(tmp_path / "rules.toml")


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        (Policy(True), {"UTO", "NRV"}),
        (Policy(False), set()),
        (Policy(True, refer=frozenset({"NRV"})), {"UTO"}),
        (Policy(False, accept=frozenset({"NRV"})), {"NRV"}),
    ],
)
def test_a_policy_names_exceptions_from_what_holds_for_all_others(policy: Policy, accepted: set[str]) -> None:
    assert {nationality for nationality in ("UTO", "NRV") if policy.accepts(nationality)} == accepted
