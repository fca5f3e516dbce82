import pytest

from storage import Database
from storage.errors import InvalidText, NotFound
from storage.records import Turn, new_id

OWNER = "a" * 64


@pytest.fixture
def session_id(database: Database) -> str:
    with database.begin() as t:
        return t.create_session(OWNER).id


@pytest.fixture
def tree(database: Database, session_id: str) -> dict[str, Turn]:
    """a -> b -> c, and a -> d -> e, and a second root f; created in that order."""
    made: dict[str, Turn] = {}
    with database.begin() as t:
        for name, parent in (("a", ""), ("b", "a"), ("c", "b"), ("d", "a"), ("e", "d"), ("f", "")):
            made[name] = t.create_turn(session_id, name, parent_id=made[parent].id if parent else None)
    return made


def names(turns: list[Turn]) -> str:
    return "".join(turn.request for turn in turns)


def test_a_branch_is_the_path_from_its_root_to_its_leaf(database: Database, tree: dict[str, Turn]) -> None:
    with database.read() as t:
        assert names(t.branch(tree["c"].id)) == "abc"
        assert names(t.branch(tree["e"].id)) == "ade"
        assert names(t.branch(tree["f"].id)) == "f"


def test_siblings_and_children_come_in_the_order_of_creation(
    database: Database, session_id: str, tree: dict[str, Turn]
) -> None:
    with database.read() as t:
        assert names(t.siblings(tree["d"].id)) == "bd"
        assert names(t.siblings(tree["a"].id)) == "af"
        assert names(t.children(session_id, tree["a"].id)) == "bd"
        assert names(t.children(session_id, tree["e"].id)) == ""


def test_paging_to_a_branch_leads_to_its_newest_leaf(database: Database, tree: dict[str, Turn]) -> None:
    with database.read() as t:
        assert [t.newest_leaf(tree[name].id).request for name in "abcdef"] == list("ecceef")


def test_the_tree_of_a_session_is_read_at_once(database: Database, session_id: str, tree: dict[str, Turn]) -> None:
    with database.read() as t:
        links = t.turn_links(session_id)
        assert names(t.turns(session_id)) == "abcdef"
    assert [(link.id, link.parent_id) for link in links] == [(turn.id, turn.parent_id) for turn in tree.values()]


def test_an_update_is_kept_and_leaves_the_rest(database: Database, session_id: str) -> None:
    report = {"parts": [{"name": "system", "text": "\0\ud800" + "x" * 50_000, "tokens": 7}]}
    with database.begin() as t:
        made = t.create_turn(session_id, "sort", sampling={"seed": 1}, model="qwen", quantisation="int4")
        cell = t.create_cell(session_id)
        version = t.create_version(cell.id, "1", origin="model", turn_id=made.id)
        t.update_turn(made.id, status="writing", prompt_report=report, tokens_in=9)
        t.update_turn(made.id, status="done", prose="Sorted.", cell_id=cell.id, version_id=version.id, seconds=1.5)
    with database.read() as t:
        turn = t.turn(made.id, session_id=session_id)
    assert (turn.status, turn.prose, turn.seconds, turn.tokens_in, turn.tokens_out) == ("done", "Sorted.", 1.5, 9, None)
    assert (turn.cell_id, turn.version_id, turn.prompt_report) == (cell.id, version.id, report)
    assert (turn.request, turn.sampling, turn.model, turn.quantisation) == ("sort", {"seed": 1}, "qwen", "int4")
    assert turn.created_at == made.created_at


def test_many_turns_come_without_their_prompt_reports(database: Database, session_id: str) -> None:
    with database.begin() as t:
        made = t.create_turn(session_id, "sort")
        t.update_turn(made.id, prompt_report={"parts": []})
    with database.read() as t:
        assert t.branch(made.id)[0].prompt_report == {}
        assert t.turn(made.id).prompt_report == {"parts": []}


def test_a_turn_of_another_session_is_not_found(database: Database, session_id: str, tree: dict[str, Turn]) -> None:
    with database.begin() as t:
        other = t.create_session(OWNER).id
        with pytest.raises(NotFound):
            t.turn(tree["a"].id, session_id=other)
        with pytest.raises(NotFound):
            t.create_turn(other, "x", parent_id=tree["a"].id)
        foreign = t.create_cell(other)
        with pytest.raises(NotFound):
            t.create_turn(session_id, "x", target_cell_id=foreign.id)
        with pytest.raises(NotFound):
            t.update_turn(tree["a"].id, cell_id=foreign.id)
        with pytest.raises(NotFound):
            t.update_turn(tree["a"].id, version_id=t.create_version(foreign.id, "1", origin="hand").id)


def test_an_unknown_turn_is_not_found(database: Database) -> None:
    with database.read() as t:
        for find in (t.turn, t.branch, t.siblings, t.newest_leaf):
            with pytest.raises(NotFound, match="turn"):
                find(new_id())
            with pytest.raises(NotFound, match="turn"):
                find("\ud800")


def test_a_request_with_nul_is_refused_and_nothing_is_kept(database: Database, session_id: str) -> None:
    with pytest.raises(InvalidText), database.begin() as t:
        _ = [t.create_turn(session_id, request) for request in ("fine", "not\0fine")]
    with database.read() as t:
        assert t.turns(session_id) == []
