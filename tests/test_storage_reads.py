"""A session is read with the same few queries however much it holds."""

from sqlalchemy import event

from storage import Database
from storage.records import Turn

OWNER = "a" * 64


def make_session(database: Database, cells: int, turns: int) -> str:
    turn: Turn | None = None
    with database.begin() as t:
        session_id = t.create_session(OWNER).id
        for number in range(turns):
            turn = t.create_turn(session_id, f"request {number}", parent_id=turn.id if turn else None)
            t.update_turn(turn.id, prompt_report={"parts": ["x" * 10_000]})
        for number in range(cells):
            cell = t.create_cell(session_id)
            version = t.create_version(cell.id, f"x = {number}\n" * 50, origin="model")
            t.show_version(cell.id, version.id)
            t.update_run(t.create_run(version.id).id, status="ok", outputs=[{"text": "x" * 2000}])
        t.create_share(session_id, {"document": "x" * 10_000})
        t.update_session(session_id, head_turn_id=turn.id if turn else None)
    return session_id


def queries_of_a_view(database: Database, session_id: str) -> list[str]:
    queries: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            queries.append(statement)

    event.listen(database._engines.writing, "before_cursor_execute", note)
    with database.read() as t:
        session = t.session_of(OWNER, session_id)
        turns = t.branch(str(session.head_turn_id))
        links, cells, heads = t.turn_links(session_id), t.cells(session_id), t.version_heads(session_id)
        shown, runs = t.shown_versions(session_id), t.newest_runs(session_id)
        t.shares(session_id)
        t.sessions_of(OWNER)
    event.remove(database._engines.writing, "before_cursor_execute", note)
    assert len(turns) == len(links)
    assert len(cells) == len(heads) == len(shown) == len(runs)
    return queries


def test_a_large_session_takes_no_more_queries_than_a_small_one(database: Database) -> None:
    small, large = make_session(database, 1, 1), make_session(database, 100, 200)
    queries = queries_of_a_view(database, large)
    assert len(queries) == len(queries_of_a_view(database, small)) == 9
    assert not any("prompt_report" in query for query in queries)
