"""Running cells on the page: output of every kind while it comes, tracebacks, one kernel a session, what is stale."""

import re

from playwright.sync_api import expect
from tab import Tab


def test_a_run_shows_what_was_printed_and_the_last_value(tab: Tab) -> None:
    tab.first("def double(n: int) -> int:\n    return 2 * n")
    tab.append(1, '\n\nprint("doubling")\ndouble(21)')
    output = tab.run(1)
    expect(output).to_contain_text("doubling")
    expect(output).to_contain_text("42")


def test_a_run_shows_its_duration_and_execution_count(tab: Tab) -> None:
    tab.first("1 + 1")
    tab.run(1)
    expect(tab.cell(1)).to_contain_text(re.compile(r"ran \d+(\.\d)? m?s"))
    expect(tab.cell(1)).to_contain_text("[1]")


def test_output_is_shown_while_the_cell_still_runs_and_input_is_asked_for(tab: Tab) -> None:
    tab.first('print("first")\nname = input("Who? ")\nprint(f"hello {name}")')
    tab.cell(1).get_by_role("button", name="Run").click()
    expect(tab.output(1)).to_contain_text("first")
    expect(tab.cell(1)).to_contain_text("waits for your input")
    tab.page.get_by_label("Who?").fill("Ada")
    tab.page.get_by_label("Who?").press("Enter")
    expect(tab.output(1)).to_contain_text("hello Ada")


def test_a_traceback_is_cut_to_the_cells_own_frames(tab: Tab) -> None:
    tab.first('import json\n\n\ndef read(text: str) -> object:\n    return json.loads(text)\n\n\nread("{")')
    tab.run(1)
    error = tab.page.get_by_role("group", name="Error in cell 1")
    expect(error).to_contain_text("JSONDecodeError")
    expect(error).to_contain_text("cell 1, line 8")
    expect(error).to_contain_text("cell 1, line 5 in read")
    expect(error).not_to_contain_text("decoder.py")
    expect(error).to_contain_text("in libraries hidden")


def test_the_line_that_failed_is_marked_in_the_code(tab: Tab) -> None:
    tab.first("count = 0\nshare = 1 / count\nprint(share)")
    tab.run(1)
    expect(tab.cell(1).locator(".cm-line.cm-failed")).to_have_text("share = 1 / count")


def test_a_figure_is_shown(tab: Tab) -> None:
    tab.first("import matplotlib.pyplot as plt\n\nplt.plot([1, 4, 9])\nplt.show()")
    figure = tab.run(1).get_by_role("img")
    expect(figure).to_be_visible()
    assert figure.evaluate("it => it.naturalWidth") > 100


def test_a_table_is_shown_with_its_heads(tab: Tab) -> None:
    tab.first('import pandas as pd\n\npd.DataFrame({"city": ["Oslo", "Rome"], "people": [709, 2873]})')
    table = tab.run(1).get_by_role("table")
    expect(table.get_by_role("columnheader", name="people")).to_be_visible()
    expect(table.get_by_role("cell", name="2873")).to_be_visible()


def test_a_later_cell_uses_a_function_of_an_earlier_one(tab: Tab) -> None:
    tab.cells("def triple(n: int) -> int:\n    return 3 * n", "triple(14)")
    tab.run(1)
    expect(tab.run(2)).to_contain_text("42")


def test_run_all_runs_every_cell_from_the_top_until_one_fails(tab: Tab) -> None:
    tab.cells("start = 40", "start + 2", "start / 0", "start + 3")
    tab.page.get_by_role("button", name="Run all").click()
    expect(tab.output(2)).to_contain_text("42")
    expect(tab.cell(1)).to_contain_text("[1]")
    expect(tab.cell(4)).to_contain_text("not run: an earlier cell did not end well")


def test_a_run_can_be_interrupted_and_says_so(tab: Tab) -> None:
    tab.first('print("begun")\nwhile True:\n    pass')
    tab.cell(1).get_by_role("button", name="Run").click()
    expect(tab.output(1)).to_contain_text("begun")
    tab.cell(1).get_by_role("button", name="Stop").click()
    tab.settles(lambda view: (view["cells"][0]["run"] or {}).get("status") == "interrupted")
    expect(tab.cell(1)).to_contain_text("interrupted")
    expect(tab.cell(1).get_by_role("button", name="Run")).to_be_visible()


def test_restarting_the_kernel_forgets_variables_and_marks_outputs(tab: Tab) -> None:
    tab.cells("kept = 1", "kept")
    tab.run(1)
    tab.page.get_by_role("button", name=re.compile("kernel idle")).click()
    tab.page.get_by_role("menuitem", name="Restart the kernel").click()
    expect(tab.cell(1)).to_contain_text("stale")
    tab.run(2)
    expect(tab.page.get_by_role("group", name="Error in cell 2")).to_contain_text("NameError")


def test_a_cell_edited_since_it_ran_is_marked_stale(tab: Tab) -> None:
    tab.first("number = 1\nnumber")
    tab.run(1)
    expect(tab.cell(1)).not_to_contain_text("stale")
    tab.rewrite(1, "number = 2\nnumber")
    expect(tab.cell(1)).to_contain_text("stale: edited since it ran")


def test_a_cell_is_marked_stale_when_one_that_it_leans_on_changes(tab: Tab) -> None:
    tab.cells("rate = 2", "rate * 10")
    tab.run(1)
    tab.run(2)
    tab.rewrite(1, "rate = 3")
    expect(tab.cell(2)).to_contain_text("stale")
    tab.page.get_by_role("button", name="Run stale (2)").click()
    expect(tab.output(2)).to_contain_text("30")
    expect(tab.cell(2)).not_to_contain_text("stale")


def test_fix_asks_for_a_new_version_of_the_cell_that_failed(tab: Tab) -> None:
    tab.first("sort_integers([3, 1])")
    tab.run(1)
    tab.page.get_by_role("group", name="Error in cell 1").get_by_role("button", name="Fix").click()
    tab.answered(1)
    expect(tab.turn(1)).to_contain_text("NameError")
    assert tab.view()["cells"][0]["version"]["number"] == 2


def test_what_a_click_runs_is_what_stands_on_the_screen(tab: Tab) -> None:
    tab.first('"old"')
    tab.rewrite(1, '"new"')
    tab.cell(1).get_by_role("button", name="Run").click()
    expect(tab.output(1)).to_contain_text("new")
    assert tab.source(1) == '"new"'
