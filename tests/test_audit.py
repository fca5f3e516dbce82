"""The audit of a text: Bandit in a sealed process, and hostile texts that must neither hold it up nor end it."""

from collections.abc import Iterator

import pytest

from app.audit import Audit, Finding, Scanner


@pytest.fixture(scope="module")
def scanner() -> Iterator[Scanner]:
    scanner = Scanner()
    yield scanner
    scanner.close()


def rules(audit: Audit) -> list[tuple[int, str, str]]:
    return [(finding.line, finding.rule, finding.severity) for finding in audit.findings]


def test_findings_have_line_severity_and_a_reason_of_our_own(scanner: Scanner) -> None:
    audit = scanner.scan("import subprocess\n\n\ndef f(name):\n    subprocess.run('ls ' + name, shell=True)\n")
    assert rules(audit) == [(1, "B404", "low"), (5, "B602", "high")]
    assert audit.findings[1].reason.endswith("Give program and arguments as a list, without a shell.")
    assert audit.serious == (audit.findings[1],)


def test_harmless_code_has_no_findings(scanner: Scanner) -> None:
    assert scanner.scan("import pandas as pd\n\nassert pd.DataFrame().empty\n") == Audit("read")


def test_comments_cannot_switch_a_rule_off(scanner: Scanner) -> None:
    assert rules(scanner.scan("eval(input())  # nosec")) == [(1, "B307", "medium")]


def test_imports_that_lead_nowhere_are_named_once(scanner: Scanner) -> None:
    source = (
        "import os, pandasx.core\nfrom reqeusts import get\n\n\ndef f():\n    import pandasx\n    from . import near\n"
    )
    audit = scanner.scan(source)
    assert rules(audit) == [(1, "missing", "medium"), (2, "missing", "medium")]
    assert "`pandasx`" in audit.findings[0].reason
    assert "`reqeusts`" in audit.findings[1].reason


@pytest.mark.parametrize("error", ["ImportError", "(ValueError, ModuleNotFoundError)", "Exception", ""])
def test_an_import_that_the_code_can_do_without_is_not_named(scanner: Scanner, error: str) -> None:
    assert scanner.scan(f"try:\n    import nowhere\nexcept {error}:\n    nowhere = None\n") == Audit("read")


def test_an_import_in_a_handler_is_named(scanner: Scanner) -> None:
    audit = scanner.scan("try:\n    import json\nexcept ImportError:\n    import nowhere\n")
    assert rules(audit) == [(4, "missing", "medium")]


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1\ndef f(:\n", 2), ("(" * 3000, 1), ("x = " + "-" * 20_000 + "1", 1)]
)
def test_what_cannot_be_parsed_says_so(scanner: Scanner, source: str, line: int) -> None:
    audit = scanner.scan(source)
    assert (audit.state, audit.line, audit.findings) == ("unreadable", line, ())
    assert audit.message.startswith("Not Python that can be read: ")


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "+".join(["1"] * 5000),
        "a" + ".b" * 45_000,
        "x = " + "'a'" * 30_000,
        "".join(" " * depth + "if x:\n" for depth in range(95)) + " " * 95 + "x\n",
        "[" * 90_000,
        "x = '" + "\\x41" * 20_000 + "'",
        "\ufeffx = '\U0001f600'",
    ],
)
def test_a_hostile_text_gets_an_audit_and_the_next_one_too(scanner: Scanner, source: str) -> None:
    assert scanner.scan(source).state in {"read", "unreadable", "failed"}
    assert rules(scanner.scan("exec('1')")) == [(1, "B102", "medium")]


def test_a_text_that_is_too_long_is_not_scanned() -> None:
    audit = Scanner(longest=10).scan("x = 1  # and so on")
    assert (audit.state, audit.message) == ("failed", "Not audited: 18 characters; 10 is the most.")


def test_an_audit_returns_from_storage_as_it_was() -> None:
    audit = Audit("read", findings=(Finding(3, "high", "low", "B602", "why"),))
    assert Audit.from_json(audit.as_json()) == audit


def test_commands_of_ipython_are_passed_over_and_whole_cells_of_them_are_not_audited(scanner: Scanner) -> None:
    audit = scanner.scan("%matplotlib inline\nif 1:\n    !ls\nfiles = !ls\neval('1')")
    assert rules(audit) == [(5, "B307", "medium")]
    audit = scanner.scan("\n%%bash\nrm -rf /")
    assert (audit.state, audit.message) == ("failed", "Not audited: the cell is handed to %%bash.")
    assert scanner.scan("%time\ndef f(:").line == 2
