"""The reader of answers: code is code, prose is prose, and no fence is ever shown."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.examples import Example
from model.reply import Reply, ReplyReader

FENCE = "```python\n"
SORT = 'def sort(items):\n    """Sort."""\n    return sorted(items)'


def read(text: str, begun: str = FENCE) -> Reply:
    reader = ReplyReader(begun)
    reader.feed(text)
    return reader.finish()


def frames(text: str, sizes: list[int], begun: str = FENCE) -> tuple[list[str], Reply]:
    """All codes shown while `text` came in pieces of these sizes."""
    reader, shown = ReplyReader(begun), []
    while text:
        size = sizes.pop(0) if sizes else len(text)
        reader.feed(text[:size])
        text = text[size:]
        shown.append(reader.code)
    return shown, reader.finish()


ANSWERS = {
    "plain": f"{SORT}\n```\n\nIt sorts.",
    "the fence is repeated": f"```python\n{SORT}\n```\nIt sorts.",
    "the language stands on its own line": f"```\npython\n{SORT}\n```\nIt sorts.",
    "the language without a fence": f"python\n{SORT}\n```\nIt sorts.",
    "python3": f"```python3\n{SORT}\n```\nIt sorts.",
    "py": f"```py\n{SORT}\n```\nIt sorts.",
    "windows line ends": f"{SORT}\n```\nIt sorts.".replace("\n", "\r\n"),
    "closed and opened again": f"```\n```python\n{SORT}\n```\nIt sorts.",
    "blank lines first": f"\n\n{SORT}\n```\nIt sorts.",
    "words after the closing fence": f"{SORT}\n``` It sorts.",
}


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_way_to_fence_gives_the_same_code_and_prose(text: str) -> None:
    assert read(text) == Reply(SORT, "It sorts.", ())


def test_what_is_copied_from_the_prompt_is_no_answer() -> None:
    stub = "def total(items): ...  # Sum of all."
    text = f"{stub}\n\n{SORT}\n\n# Change it: Make it in-place\nsort([2])\n```\nCurrent function:\n\nChange it: Make it"
    reader, shown, said = ReplyReader(FENCE, stubs=[stub]), "", ""
    for character in text:
        reader.feed(character)
        shown, said = shown + reader.code, said + reader.prose
    assert reader.finish() == Reply(f"{SORT}\n\nsort([2])", "", ())
    assert not {"total", "Change", "Current"} & set(re.findall(r"\w+", shown + said))


def test_a_function_that_is_written_anew_is_no_copy_of_its_signature() -> None:
    code = "def total(items):\n    return sum(items)"
    reader = ReplyReader(FENCE, stubs=["def total(items): ..."])
    reader.feed(f"{code}\n```\n")
    assert reader.finish().code == code


@pytest.mark.parametrize("label", ["Explanation:", "### Explanation:", "**Explanation:**"])
def test_a_label_above_the_explanation_says_nothing(label: str) -> None:
    assert read(f"{SORT}\n```\n{label}\nIt sorts.").prose == "It sorts."


@pytest.mark.parametrize(
    ("block", "prose"),
    [
        ("# Explanation:\n# It sorts.\n#\n# Slowly.", "It sorts.\n\nSlowly."),
        ("# Explanation: it sorts.", "Explanation: it sorts."),
        ("# This function sorts.", "This function sorts."),
    ],
)
def test_comments_behind_the_code_that_talk_about_it_are_prose(block: str, prose: str) -> None:
    assert read(f"{SORT}\n\n{block}\n```\n") == Reply(SORT, prose, ())
    assert read(f"{SORT}\n\n{block}\n```\nDone.").prose == f"Done.\n\n{prose}"


@pytest.mark.parametrize("block", ["# TODO: a key", "# Explanation: by size\nlimit = 3", "    # This code ends"])
def test_other_comments_behind_the_code_stay(block: str) -> None:
    assert read(f"{SORT}\n{block}\n```\n") == Reply(f"{SORT}\n{block}", "", ())


def test_prose_first() -> None:
    assert read(f"Here it is:\n```python\n{SORT}\n```\nDone.", begun="") == Reply(SORT, "Here it is:\nDone.", ())


def test_a_missing_closing_fence_loses_nothing() -> None:
    assert read(SORT) == Reply(SORT, "", ())


def test_an_indented_block_is_brought_to_the_margin() -> None:
    indented = "\n".join(f"   {line}" for line in SORT.split("\n"))
    assert read(f"1. This:\n   ```python\n{indented}\n   ```\nDone.", begun="").code == SORT


def test_a_fence_inside_a_docstring_does_not_close() -> None:
    code = 'def f():\n    """Use it so:\n\n    ```\n    f()\n    ```\n    """\n    return 1'
    assert read(f"{code}\n```\nDone.") == Reply(code, "Done.", ())


def test_the_begun_name_belongs_to_the_code() -> None:
    reply = read("items):\n    return sorted(items)\n```", begun="```python\ndef sort(")
    assert reply.code == "def sort(items):\n    return sorted(items)"


@pytest.mark.parametrize("begun", ["", FENCE])
def test_an_answer_of_prose_alone_has_no_code(begun: str) -> None:
    text = "I cannot see the function that you mean.\nPlease show it."
    assert read(text, begun) == Reply("", text, ())


def test_a_closed_empty_block_then_prose_has_no_code() -> None:
    assert read("```\nThere is nothing to change here.") == Reply("", "There is nothing to change here.", ())


def test_a_second_block_with_a_helper_is_code() -> None:
    helper = "def helper():\n    return 2"
    assert read(f"{SORT}\n```\nAnd:\n```python\n{helper}\n```\n").code == f"{SORT}\n\n\n{helper}"


def test_a_second_block_with_an_alternative_stays_in_the_prose() -> None:
    reply = read(f"{SORT}\n```\nOr:\n```python\ndef sort(items):\n    return items\n```\n")
    assert reply.code == SORT
    assert "return items" in reply.prose


def test_a_second_block_with_a_usage_example_is_read_as_examples() -> None:
    reply = read(f"{SORT}\n```\nUsage:\n```python\nprint(sort([2, 1]))  # Output: [1, 2]\n```")
    assert reply == Reply(SORT, "Usage:", (Example("sort([2, 1])", "[1, 2]"),))


def test_the_codegen_style_is_code_from_the_first_character() -> None:
    reader = ReplyReader("", style="codegen")
    reader.feed("import re\nx = 1")
    assert reader.code == "import re\nx = 1"


LIFTED = {
    "print with its output": ("print(sort([2, 1]))  # Output: [1, 2]", (Example("sort([2, 1])", "[1, 2]"),)),
    "assert": ("assert sort([2, 1]) == [1, 2]", (Example("sort([2, 1])", "[1, 2]"),)),
    "an example with its own value": (
        "# Example usage\nitems = [2, 1]\nprint(sort(items))  # Output: [1, 2]",
        (Example("sort([2, 1])", "[1, 2]"),),
    ),
    "an example without a claim": ("# Example usage:\nprint(sort([2, 1]))", ()),
    "under the main guard": (
        'if __name__ == "__main__":\n    print(sort([2, 1]))  # => [1, 2]',
        (Example("sort([2, 1])", "[1, 2]"),),
    ),
}


@pytest.mark.parametrize(("tail", "examples"), LIFTED.values(), ids=LIFTED.keys())
def test_examples_are_taken_out_of_the_code(tail: str, examples: tuple[Example, ...]) -> None:
    assert read(f"{SORT}\n\n{tail}\n```\nDone.") == Reply(SORT, "Done.", examples)


KEPT = {
    "a call that was asked for": f"{SORT}\n\nprint(sort([2, 1]))",
    "a loop": f"{SORT}\n\nfor n in range(3):\n    print(n)  # Output: n",
    "a script without definitions": "x = [2, 1]\nprint(sorted(x))  # Output: [1, 2]",
    "a value that is not an example": f"{SORT}\n\nSIZE = 3",
    "code that does not parse": f"{SORT}\n\nassert sort([1) == [1]",
}


@pytest.mark.parametrize("code", KEPT.values(), ids=KEPT.keys())
def test_code_is_kept_when_in_doubt(code: str) -> None:
    assert read(f"{code}\n```\n").code == code


TEXTS = [*ANSWERS.values(), *(f"{SORT}\n\n{tail}\n```\nDone." for tail, _ in LIFTED.values()), *KEPT.values()]


@settings(deadline=None)
@given(st.sampled_from(TEXTS), st.lists(st.integers(1, 9), max_size=200))
def test_any_split_of_the_text_reads_the_same(text: str, sizes: list[int]) -> None:
    assert frames(text, sizes)[1] == read(text)


@settings(deadline=None)
@given(st.sampled_from(TEXTS), st.lists(st.integers(1, 9), max_size=200))
def test_the_code_only_grows_and_never_shows_a_fence(text: str, sizes: list[int]) -> None:
    shown, reply = frames(text, sizes)
    for code in shown:
        assert "```" not in code
        assert not code.lower().startswith("python")
        assert reply.code.startswith(code.rstrip()) or code.startswith(reply.code)


@settings(deadline=None)
@given(st.text(alphabet="`~p dy\n\r#x():\"'", max_size=80), st.lists(st.integers(1, 5), max_size=80))
def test_odd_texts_are_read_the_same_in_any_split(text: str, sizes: list[int]) -> None:
    assert frames(text, sizes)[1] == read(text)


def test_bare_code_at_the_start_is_code_up_to_the_first_sentence() -> None:
    reader = ReplyReader()
    for sign in "import re\n\ndef f(x):\n    return x\n\nThis function gives x back.":
        reader.feed(sign)
        assert not reader.prose.startswith(("i", "d"))
    reply = reader.finish()
    assert (reply.code, reply.prose) == ("import re\n\ndef f(x):\n    return x", "This function gives x back.")


def test_prose_at_the_start_is_shown_while_it_comes() -> None:
    reader = ReplyReader()
    reader.feed("It is")
    assert reader.prose == "It is"


def test_a_model_that_does_not_go_on_but_starts_anew_shows_no_fence() -> None:
    reader = ReplyReader("```python\ndef f(")
    for sign in "```python\ndef f(x):\n    return x\n```\nDone.":
        reader.feed(sign)
        assert "`" not in reader.code
    reply = reader.finish()
    assert (reply.code, reply.prose) == ("def f(x):\n    return x", "Done.")
