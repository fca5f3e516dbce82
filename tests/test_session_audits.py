"""Audits of versions: kept with exactly their text, made before the first run, asked about, shown on shares."""

from collections.abc import Iterator

import nbformat
import pytest
from conftest import OWNER, SharedKernels, Stage, wait_for

from app.audit import Scanner
from app.runner import Kernels, Limits
from app.session import Playground, Refused, Risky, audit_of
from app.session.evidence import of_cell

RISKY = "import subprocess\nname = 'x'\nsubprocess.run('ls ' + name, shell=True)"


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    kernels = SharedKernels(Limits(), preload=())
    yield kernels
    kernels.end()


@pytest.fixture(scope="module")
def scanner() -> Iterator[Scanner]:
    scanner = Scanner()
    yield scanner
    scanner.close()


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory, kernels: Kernels, scanner: Scanner) -> Stage:
    stage = Stage(tmp_path_factory.mktemp("stage"), kernels)
    stage.playground = Playground(stage.database, stage.engines, kernels, on_disk=lambda _: False, scanner=scanner)
    return stage


def rules(stage: Stage, session: str, cell: str) -> list[str] | None:
    audit = audit_of(stage.playground.snapshot(OWNER, session).versions[cell])
    return None if audit is None else [finding.rule for finding in audit.findings]


def run(stage: Stage, session: str, cell: str, source: str, *, anyway: bool = False) -> str:
    revision = next(it.revision for it in stage.playground.snapshot(OWNER, session).cells if it.id == cell)
    return stage.playground.runs.run(OWNER, session, cell, source, revision, anyway=anyway)


def test_what_a_cell_shows_is_audited_whoever_wrote_it(stage: Stage) -> None:
    session = stage.session()
    hand = stage.add(session, "eval('1')")
    wait_for(lambda: rules(stage, session, hand) == ["B307"])
    written = stage.ask(session, "again", "```python\nexec('1')\n```", "new").cells[-1].id
    wait_for(lambda: rules(stage, session, written) == ["B102"])


def test_an_edited_text_loses_its_audit_and_gets_its_own(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "eval('1')")
    wait_for(lambda: rules(stage, session, cell) == ["B307"])
    with stage.database.read() as tx:
        revision, before = tx.cell(cell).revision, tx.shown_versions(session)[cell]
    with stage.database.begin() as tx:
        tx.update_source(before.id, "1 + 1", expected_revision=revision)
        assert tx.version(before.id).audit is None
        assert not tx.set_audit(before.id, before.sha256, before.audit or {})
    stage.playground.cells.edit(OWNER, session, cell, "1 + 2", revision + 1)
    wait_for(lambda: rules(stage, session, cell) == [])


def test_the_notebook_file_says_in_words_what_the_audit_found(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "\nx = eval('1')")
    wait_for(lambda: rules(stage, session, cell) == ["B307"])
    book = nbformat.reads(stage.playground.sessions.export(OWNER, session)[1], as_version=4)
    nbformat.validate(book)
    assert "    Audit, line 2 (medium): " in book.cells[-1].source
    assert book.cells[-2].metadata["codegen_playground"]["audit"]["findings"][0]["line"] == 2


def test_high_severity_is_asked_about_before_the_first_run_alone(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "1")
    with pytest.raises(Risky, match=r"Cell 1 was not run\. Line 3: A value in this command"):
        run(stage, session, cell, RISKY)
    assert stage.playground.snapshot(OWNER, session).versions[cell].source == RISKY
    assert not stage.playground.snapshot(OWNER, session).runs
    run(stage, session, cell, RISKY, anyway=True)
    assert stage.settled(session).runs[cell].status == "error"  # the sandbox has the last word
    run(stage, session, cell, RISKY)
    stage.settled(session)
    with pytest.raises(Risky):
        run(stage, session, cell, RISKY + "  # changed")


def test_run_all_asks_before_anything_runs(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, "1")
    stage.add(session, RISKY)
    with pytest.raises(Risky, match="Cell 2 was not run"):
        stage.playground.runs.run_all(OWNER, session)
    assert not stage.playground.snapshot(OWNER, session).runs


def test_a_share_shows_the_audit_of_what_it_shows(stage: Stage) -> None:
    session = stage.session()
    stage.add(session, "eval('1')")
    snapshot, share = stage.playground.shares.share(OWNER, session)
    assert [finding["rule"] for finding in share.document["cells"][0]["audit"]["findings"]] == ["B307"]
    assert snapshot.cells


def test_where_there_is_no_scanner_a_run_says_so(stage: Stage) -> None:
    bare = Playground(stage.database, stage.engines, stage.kernels, on_disk=lambda _: False)
    session = bare.sessions.create(OWNER).id
    cell = bare.cells.add(OWNER, session, None, RISKY)
    bare.runs.run(OWNER, session, cell.id, RISKY, cell.revision)
    wait_for(lambda: not bare.snapshot(OWNER, session).running)
    audit = audit_of(bare.snapshot(OWNER, session).versions[cell.id])
    assert audit is not None
    assert audit.message == "Not audited: this server has no scanner."
    with pytest.raises(Refused):
        bare.runs.run_stale(OWNER, session)


def test_a_warning_goes_along_with_the_next_request_unless_it_is_left_out(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "import subprocess\nvalue = eval('1')")
    wait_for(lambda: rules(stage, session, cell) == ["B404", "B307"])
    stage.ask(session, "Do it otherwise", "```python\nimport subprocess\nvalue = eval('2')\n```", cell)
    told = [part for part in stage.engine.prompts[-1].parts if part.name == "evidence"]
    assert [(part.title, "`ast.literal_eval`" in part.text) for part in told] == [("audit, line 2", True)]
    wait_for(lambda: rules(stage, session, cell) == ["B404", "B307"])
    key = next(it.key for it in of_cell(stage.playground.snapshot(OWNER, session), cell) if it.kind == "audit")
    stage.engine.enqueue("```python\nvalue = 2\n```")
    stage.playground.turns.ask(OWNER, session, "Again", cell, without=[key])
    stage.settled(session)
    assert not [part for part in stage.engine.prompts[-1].parts if part.name == "evidence"]


def test_code_that_does_not_parse_is_evidence_until_a_run_says_the_same(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "def f(:\n    return 1")

    def told() -> list[tuple[str, str]]:
        found = of_cell(stage.playground.snapshot(OWNER, session), cell)
        return [(it.kind, it.title) for it in found if it.telling]

    wait_for(lambda: told() == [("audit", "does not parse, line 1")])
    stage.run(session, cell)
    assert [kind for kind, _ in told()] == ["traceback"]


def test_a_repair_that_somebody_has_to_agree_to_is_not_run_and_ends_the_repairs(stage: Stage) -> None:
    session = stage.session()
    cell = stage.add(session, "1 / 0")
    stage.run(session, cell)
    stage.engine.enqueue(f"```python\n{RISKY}\n```\nFixed.", "```python\n1\n```\nFixed.")
    stage.playground.repairs.begin(OWNER, session, cell)
    wait_for(lambda: not stage.playground.snapshot(OWNER, session).testing)
    [turn] = stage.settled(session).turns
    assert turn.message.startswith("Cell 1 was not run. Line 3: ")
    assert (len(stage.engine.replies), stage.playground.snapshot(OWNER, session).versions[cell].source) == (1, RISKY)
