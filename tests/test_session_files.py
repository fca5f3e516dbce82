"""Files of a session: who may have them, where they come from, and what is left when the kernel goes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import OWNER, STRANGER, SharedKernels, Stage, wait_for
from sqlalchemy import update

from app.runner import FileRefused, Kernels, Limits
from app.session import Missing, Playground, Refused
from app.session.files import Files
from app.session.playground import KEPT_DELETED
from storage.errors import NotFound
from storage.records import utcnow
from storage.tables import SessionRow

LIMITS = Limits(file_size=200_000, disk=400_000)


@pytest.fixture(scope="module")
def kernels() -> Iterator[Kernels]:
    """Bare kernels: nothing here needs a library."""
    kernels = SharedKernels(LIMITS, preload=())
    yield kernels
    kernels.end()


@pytest.fixture
def files(stage: Stage) -> Files:
    """The files of a playground that knows the kernels' limits."""
    stage.playground = Playground(
        stage.database, stage.engines, stage.kernels, on_disk=lambda _: False, kept=stage.folder / "kept", limits=LIMITS
    )
    return stage.playground.files


def names(files: Files, session: str) -> list[str]:
    return [entry.name for entry in files.list(OWNER, session).entries]


def printed(stage: Stage, session: str, source: str) -> str:
    """What a new cell prints."""
    cell = stage.add(session, source)
    run = stage.run(session, cell).runs[cell]
    return "".join(output.get("text", "") for output in run.outputs)


def test_a_session_that_never_ran_has_no_files_and_gets_no_kernel(stage: Stage, files: Files) -> None:
    session = stage.session()
    listing = files.list(OWNER, session)
    assert (listing.entries, listing.used, listing.kept, listing.keepable) == ([], 0, False, True)
    with pytest.raises(Missing):
        files.read(OWNER, session, "data.csv")
    with pytest.raises(Missing):
        files.remove(OWNER, session, "data.csv")
    assert stage.kernels.status(session).state == "none"


def test_what_is_written_can_be_read_by_a_cell_and_back(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a,b\n1,2\n")
    assert (
        printed(stage, session, "print(open('data.csv').read())\nopen('out.txt', 'w').write('done')") == "a,b\n1,2\n\n"
    )
    assert names(files, session) == ["out.txt", "data.csv"]  # newest first
    assert files.read(OWNER, session, "out.txt") == b"done"
    assert files.list(OWNER, session).used > 0
    files.remove(OWNER, session, "data.csv")
    assert names(files, session) == ["out.txt"]
    with pytest.raises(FileRefused):
        files.read(OWNER, session, "data.csv")


def test_the_kernel_that_an_upload_starts_counts_no_run(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a")
    cell = stage.add(session, "1")
    assert stage.run(session, cell).runs[cell].execution_count == 1


def test_a_stranger_has_none_of_it(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"mine")
    with pytest.raises(NotFound):
        files.list(STRANGER, session)
    with pytest.raises(NotFound):
        files.largest(STRANGER, session)
    with pytest.raises(NotFound):
        files.read(STRANGER, session, "data.csv")
    with pytest.raises(NotFound):
        files.write(STRANGER, session, "data.csv", b"theirs")
    with pytest.raises(NotFound):
        files.remove(STRANGER, session, "data.csv")
    with pytest.raises(NotFound):
        files.keep(STRANGER, session, kept=True)
    assert files.read(OWNER, session, "data.csv") == b"mine"
    assert not files.list(OWNER, session).kept


def test_links_lead_nowhere(stage: Stage, files: Files) -> None:
    session = stage.session()
    secret = stage.folder / "secret"
    secret.write_text("secret")
    printed(stage, session, f"import os\nos.symlink({str(secret)!r}, 'link')\nos.symlink('/etc', 'folder')")
    assert names(files, session) == []
    for name in ("link", "folder/passwd", "../secret", str(secret)):
        with pytest.raises(FileRefused):
            files.read(OWNER, session, name)
    files.write(OWNER, session, "link", b"mine")  # takes the link's place
    assert secret.read_text() == "secret"


def test_names_that_are_no_text_do_not_spoil_the_list(stage: Stage, files: Files) -> None:
    session = stage.session()
    printed(stage, session, "open(b'\\xff', 'w').close()\nopen('tüte.txt', 'w').close()")
    assert names(files, session) == ["tüte.txt"]


def test_what_does_not_fit_is_refused_with_the_limit(stage: Stage, files: Files) -> None:
    session = stage.session()
    with pytest.raises(FileRefused, match=r"195\.3 KB, the most for a file"):
        files.write(OWNER, session, "large", b"x" * 200_001)
    files.write(OWNER, session, "first", b"x" * 199_000)
    with pytest.raises(FileRefused, match=r"There is no room for 'second': a session has 390\.6 KB"):
        files.write(OWNER, session, "second", b"x" * 199_999)
    assert "first" in names(files, session)


def test_files_go_with_the_kernel(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a")
    stage.playground.runs.restart(OWNER, session)
    assert names(files, session) == []
    assert printed(stage, session, "import os\nprint(os.path.exists('data.csv'))") == "False\n"


def test_kept_files_outlive_the_kernel(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a")
    files.keep(OWNER, session, kept=True)
    assert files.list(OWNER, session).kept
    stage.playground.runs.restart(OWNER, session)
    assert files.read(OWNER, session, "data.csv") == b"a"  # without a kernel
    files.write(OWNER, session, "more.csv", b"b")
    assert printed(stage, session, "print(open('data.csv').read(), open('more.csv').read())") == "a b\n"


def test_a_kept_file_that_was_removed_does_not_come_back(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.keep(OWNER, session, kept=True)
    files.write(OWNER, session, "data.csv", b"a")
    assert printed(stage, session, "print(open('data.csv').read())") == "a\n"
    files.remove(OWNER, session, "data.csv")
    stage.playground.runs.restart(OWNER, session)
    assert names(files, session) == []


def test_a_kept_file_that_a_cell_removed_or_renamed_does_not_come_back(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.keep(OWNER, session, kept=True)
    for name in ("removed", "renamed", "left", "folder/inner"):
        files.write(OWNER, session, name, name.encode())
    stage.playground.runs.restart(OWNER, session)
    printed(stage, session, "import os\nos.remove('removed')\nos.rename('renamed', 'new')\nos.remove('folder/inner')")
    stage.playground.runs.restart(OWNER, session)
    assert sorted(names(files, session)) == ["left", "new"]
    assert files.read(OWNER, session, "new") == b"renamed"


def test_another_server_finds_what_was_kept(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a")
    files.keep(OWNER, session, kept=True)
    stage.kernels.close(session)
    later = Playground(
        stage.database, stage.engines, stage.kernels, on_disk=lambda _: False, kept=stage.folder / "kept", limits=LIMITS
    )
    stage.playground = later
    assert names(later.files, session) == ["data.csv"]
    assert printed(stage, session, "print(open('data.csv').read())\nopen('late', 'w').close()") == "a\n"
    stage.kernels.close(session)
    assert sorted(names(later.files, session)) == ["data.csv", "late"]


def test_files_are_kept_no_longer_once_the_switch_is_off(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.write(OWNER, session, "data.csv", b"a")
    files.keep(OWNER, session, kept=True)
    files.keep(OWNER, session, kept=False)
    assert names(files, session) == ["data.csv"]  # as long as the kernel lives
    stage.playground.runs.restart(OWNER, session)
    assert names(files, session) == []
    assert list((stage.folder / "kept").iterdir()) == []


def test_a_deleted_session_has_its_kept_files_again_when_restored(stage: Stage, files: Files) -> None:
    session = stage.session()
    files.keep(OWNER, session, kept=True)
    files.write(OWNER, session, "data.csv", b"a")
    stage.playground.sessions.delete(OWNER, session)
    with pytest.raises(NotFound):
        files.list(OWNER, session)
    wait_for(lambda: session not in stage.kernels.keys)
    stage.playground.sessions.restore(OWNER, session)
    assert names(files, session) == ["data.csv"]


def test_the_folders_of_sessions_deleted_for_good_are_removed(stage: Stage, tmp_path: Path) -> None:
    mine, gone = stage.session(), "deleted-for-good"
    kept = tmp_path / "kept"
    for session in (mine, gone):
        (kept / session).mkdir(parents=True)
        (kept / session / "data.csv").write_text("a")
    Playground(stage.database, stage.engines, stage.kernels, on_disk=lambda _: False, kept=kept)
    assert [folder.name for folder in kept.iterdir()] == [mine]


def test_a_session_deleted_long_ago_goes_for_good_with_its_files(stage: Stage, tmp_path: Path) -> None:
    with stage.database.begin() as tx:
        lately, long_ago = (tx.create_session(OWNER).id for _ in range(2))
        for session in (lately, long_ago):
            tx.delete_session(session)
        old = utcnow() - KEPT_DELETED - timedelta(hours=1)
        tx._orm.execute(update(SessionRow).where(SessionRow.id == long_ago).values(deleted_at=old))
    kept = tmp_path / "kept"
    for session in (lately, long_ago):
        (kept / session).mkdir(parents=True)
    playground = Playground(stage.database, stage.engines, stage.kernels, on_disk=lambda _: False, kept=kept)
    assert [folder.name for folder in kept.iterdir()] == [lately]
    playground.sessions.restore(OWNER, lately)
    with pytest.raises(NotFound):
        playground.sessions.restore(OWNER, long_ago)


def test_a_server_without_a_folder_for_them_keeps_no_files(stage: Stage) -> None:
    session = stage.session()
    playground = Playground(stage.database, stage.engines, stage.kernels, on_disk=lambda _: False)
    assert not playground.files.list(OWNER, session).keepable
    with pytest.raises(Refused, match="keeps no files"):
        playground.files.keep(OWNER, session, kept=True)
