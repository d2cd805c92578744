"""The page of rules says what the tests hold."""

from tests.runtime.sam.rules import BEGIN, END, MODULES, PAGE, page, rules_of


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text("utf-8")

    assert BEGIN in text
    assert END in text
    assert page(text) == text, "run `python -m tests.runtime.sam.rules`"


def test_every_rule_has_a_source_and_a_test_of_its_own() -> None:
    rules = [rule for module in MODULES.values() for rule in rules_of(module)]

    assert len(rules) > 80
    assert len({rule.text for rule in rules}) == len(rules)
    assert len({rule.test for rule in rules}) == len(rules)
    assert all("," in rule.source for rule in rules)
