"""YAML that people write: every problem is found at once, with file, line and key."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import PlanError
from tocsin.core.yaml_source import Document, Section, read_document
from tocsin.core.yaml_tree import DEPTH_MAX, DOCUMENT_BYTES_MAX

Read = Callable[[Section], object]


def problems(text: str, read: Read = lambda _: None) -> list[str]:
    """Return the problems of the text, read as stated."""
    try:
        document = Document(text, "f.yaml")
        read(document.root)
        document.finish()
    except PlanError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\nb: 2\na: 3", "f.yaml:3: key 'a' comes twice, first in line 1", id="a key that comes twice"),
        pytest.param(
            "x:\n  a: 1\n  a: 2", "f.yaml:3: key 'a' comes twice, first in line 2", id="a key that comes twice within"
        ),
        pytest.param("a: &x 1", "f.yaml:1: anchors and aliases are not accepted", id="an anchor"),
        pytest.param("a: 1\nb: *x", "f.yaml:2: anchors and aliases are not accepted", id="an alias"),
        pytest.param("a: !!python/name:os.system", "f.yaml:1: tags are not accepted", id="a tag"),
        pytest.param("? [1, 2]\n: 3", "f.yaml:1: keys must be texts", id="a key that is a list"),
        pytest.param("", "f.yaml: must be keys and values, got nothing", id="an empty file"),
        pytest.param("- 1\n- 2", "f.yaml:1: must be keys and values, got a list", id="a list"),
        pytest.param("hello", "f.yaml:1: must be keys and values, got 'hello'", id="a text"),
        pytest.param(
            "a: 1\n\tb: 2",
            "f.yaml:2: is not YAML: found character '\\t' that cannot start any token, indent with spaces, "
            "while scanning for the next token",
            id="a tab",
        ),
        pytest.param(
            "a: [1, 2\nb: 3",
            "f.yaml:2: is not YAML: expected ',' or ']', but got ':', while parsing a flow sequence",
            id="a bracket that stays open",
        ),
        pytest.param(
            'a: "\\UFFFFFFFF"',
            "f.yaml: is not YAML: an escape or a version is out of range",
            id="an escape beyond Unicode",
        ),
    ],
)
def test_what_is_not_accepted_as_yaml_is_named_with_its_line(text: str, expected: str) -> None:
    found = problems(text, lambda root: [root.find(key) for key in "abx"])

    assert expected in found


def test_nesting_is_bounded_by_a_problem_and_not_by_the_stack() -> None:
    found = problems("a: " + "[" * 100_000)

    assert found == [f"f.yaml:1: must be nested at most {DEPTH_MAX} levels deep"]


def test_a_document_over_the_size_limit_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"# " + b"x" * DOCUMENT_BYTES_MAX)

    with pytest.raises(PlanError, match="must be at most 1048576 bytes"):
        read_document(path)
    assert problems("# " + "x" * DOCUMENT_BYTES_MAX) == ["f.yaml: must be at most 1048576 bytes"]


def test_a_file_that_is_missing_or_not_utf8_is_a_problem_of_that_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(b"a: 1\nb: \xff\n")

    with pytest.raises(PlanError, match=r"none\.yaml: cannot be read: No such file or directory"):
        read_document(tmp_path / "none.yaml")
    with pytest.raises(PlanError, match=r"broken\.yaml:2: must be UTF-8"):
        read_document(broken)


@pytest.mark.parametrize(
    ("written", "read", "expected"),
    [
        pytest.param("no", lambda s: s.text("k"), "no", id="a plain no is a text where a text is expected"),
        pytest.param("012", lambda s: s.text("k"), "012", id="a text keeps its zeros"),
        pytest.param("'on'", lambda s: s.choice("k", ("on", "off")), "on", id="a quoted choice"),
        pytest.param("false", lambda s: s.flag("k"), False, id="a flag"),
        pytest.param("1_000", lambda s: s.integer("k"), 1_000, id="a whole number in groups of digits"),
        pytest.param("012", lambda s: s.integer("k"), 12, id="a leading zero makes nothing octal"),
        pytest.param("1e3", lambda s: s.number("k"), 1_000.0, id="an exponent without a point"),
        pytest.param("-.5", lambda s: s.number("k"), -0.5, id="a fraction without a zero"),
        pytest.param("[1, 2.5]", lambda s: s.numbers("k"), (1.0, 2.5), id="a list of numbers"),
        pytest.param("[a, 2]", lambda s: s.texts("k"), ("a", "2"), id="a list of texts"),
        pytest.param("90s", lambda s: s.duration_ms("k"), 90_000, id="a duration"),
        pytest.param("2026-11-23T10:00:00Z", lambda s: s.instant_ms("k"), 1_795_428_000_000, id="an instant"),
        pytest.param(
            "2026-11-23T11:00:00.250+01:00", lambda s: s.instant_ms("k"), 1_795_428_000_250, id="an instant elsewhere"
        ),
    ],
)
def test_a_value_is_read_as_what_is_expected_there(written: str, read: Read, expected: object) -> None:
    document = Document(f"k: {written}", "f.yaml")

    value = read(document.root)

    document.finish()
    assert value == expected


@pytest.mark.parametrize(
    ("written", "read", "expected"),
    [
        pytest.param("[1]", lambda s: s.text("k"), "must be a text, got a list", id="a list for a text"),
        pytest.param("", lambda s: s.text("k"), "must be a text, got nothing", id="nothing for a text"),
        pytest.param(
            "a b", lambda s: s.text("k", pattern="[a-z]+", words="letters"), "must be letters, got 'a b'", id="a shape"
        ),
        pytest.param('"\\ud800"', lambda s: s.text("k"), "must hold no lone surrogates", id="a lone surrogate"),
        pytest.param(
            "lmits",
            lambda s: s.choice("k", ("limits", "missing")),
            "must be one of limits, missing, got 'lmits', did you mean limits?",
            id="a word that is misspelt",
        ),
        pytest.param("yes", lambda s: s.flag("k"), "must be true or false, got 'yes'", id="yes for a flag"),
        pytest.param(
            "'true'", lambda s: s.flag("k"), "must be true or false without quotes, got 'true'", id="a quoted flag"
        ),
        pytest.param("1.5", lambda s: s.integer("k"), "must be a whole number, got '1.5'", id="a fraction"),
        pytest.param("7", lambda s: s.integer("k", low=8, high=9), "must be from 8 to 9, got '7'", id="too small"),
        pytest.param("'5'", lambda s: s.number("k"), "must be a number without quotes, got '5'", id="a quoted number"),
        pytest.param("five", lambda s: s.number("k"), "must be a number, got 'five'", id="a word for a number"),
        pytest.param(".nan", lambda s: s.number("k"), "must be a finite number, got '.nan'", id="not a number"),
        pytest.param("-inf", lambda s: s.number("k"), "must be a finite number, got '-inf'", id="without end"),
        pytest.param("1e999", lambda s: s.number("k"), "must be a finite number, got '1e999'", id="beyond floats"),
        pytest.param("-1", lambda s: s.number("k", low=0), "must be at least 0, got '-1'", id="below the only limit"),
        pytest.param("5", lambda s: s.numbers("k"), "must be a list, got '5'", id="a number for a list"),
        pytest.param(
            "300",
            lambda s: s.duration_ms("k"),
            "must carry its unit, such as 250ms, 30s, 5m, 2h or 7d, got the bare number 300",
            id="a duration without its unit",
        ),
        pytest.param(
            "1m",
            lambda s: s.duration_ms("k", low_ms=120_000, high_ms=3_600_000),
            "must be from 2m to 1h, got 1m",
            id="a duration out of its limits",
        ),
        pytest.param(
            "2026-11-23T10:00:00",
            lambda s: s.instant_ms("k"),
            "must be an instant such as 2026-11-23T10:00:00Z, got '2026-11-23T10:00:00'",
            id="an instant without its offset",
        ),
        pytest.param("5", lambda s: s.section("k"), "must be keys and values, got '5'", id="a number for a section"),
    ],
)
def test_a_wrong_value_is_told_with_the_rule_and_the_value(written: str, read: Read, expected: str) -> None:
    assert problems(f"# first\nk: {written}", read) == [f"f.yaml:2: k: {expected}"]


def test_all_problems_come_together_in_the_order_of_the_lines() -> None:
    text = "rules:\n  - name: x\n    above: hot\n  - nmae: y\nextra: 1\n"

    def read(root: Section) -> None:
        root.flag("wanted")
        for rule in root.sections("rules"):
            rule.text("name")
            rule.number("above", None)

    assert problems(text, read) == [
        "f.yaml:1: wanted: is missing",
        "f.yaml:3: rules[0].above: must be a number, got 'hot'",
        "f.yaml:4: rules[1].name: is missing",
        "f.yaml:4: rules[1].nmae: is unknown, did you mean name?",
        "f.yaml:5: extra: is unknown",
    ]


def test_defaults_are_returned_only_where_the_key_is_not_written() -> None:
    root = Document("a: 1", "f.yaml").root

    assert root.number("a", 5.0) == 1
    assert root.number("b", 5.0) == 5
    assert root.text("c", None) is None
    assert root.part("d").integer("e", 7) == 7


def test_a_key_that_cannot_be_printed_is_told_on_one_line() -> None:
    assert problems('"a\\n\\ud800": 1') == ["f.yaml:1: 'a\\n\\ud800': is unknown"]


def test_names_that_the_writer_chose_are_never_unknown() -> None:
    def read(root: Section) -> None:
        for metric in root.named_sections("metrics").values():
            metric.number("mean")

    assert problems("metrics:\n  flow_lpm: {mean: 3}\n  level_percent: {men: 3}", read) == [
        "f.yaml:3: metrics.level_percent.mean: is missing",
        "f.yaml:3: metrics.level_percent.men: is unknown, did you mean mean?",
    ]


def read_everything(root: Section) -> None:
    for key in root.keys():  # noqa: SIM118  # a section is not a mapping
        root.text(key)
        root.number(key)
        root.duration_ms(key)
        root.instant_ms(key)
        root.numbers(key)
        root.section(key)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.text("ab:-[]{}&*!|>%@`'\"#\\U0 \t\n", max_size=40))
def test_no_text_raises_anything_but_problems(text: str) -> None:
    found = problems(text, read_everything)

    assert all("\n" not in problem for problem in found)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_no_value_raises_anything_but_problems(written: str) -> None:
    quoted = "'" + written.replace("'", "''") + "'"

    assert isinstance(problems(f"k: {quoted}", read_everything), list)
