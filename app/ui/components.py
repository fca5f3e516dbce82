"""The page as one Gradio component.

Sessions, thread and notebook share one store and one grid: on a phone the composer lies under both panes, and the
focus moves between all of them. Wrapped into a `gr.Sidebar` and two columns, each would carry Gradio's own margins,
slides and toggle, and the grid could not be one. So a single `gr.HTML` mounts the bundle, and Gradio gives it the
theme, the server function and the page around it.
"""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from app.ui import static_files

Act = Callable[[object], dict[str, Any]]
PAGE = "playground"  # the element's id, under which the build puts every rule of the style sheet


def playground(act: Act, title: str) -> gr.HTML:
    """The page: sessions, thread and notebook, drawn by `editor/src`. Call it inside a `gr.Blocks`.

    No subclass of `gr.HTML`, because Gradio writes a `.pyi` file beside the source of each.

    Args:
        act: carries out what the page asks for; takes a payload of JSON and answers with a dict for JSON. It is called
            in a thread, several calls at a time.
        title: name of the page.

    Raises:
        app.ui.static_files.NotBuilt: the page's script has not been built.
    """

    def server_act(payload: dict[str, Any]) -> dict[str, Any]:
        return act(payload)

    server_act.__name__ = "act"  # what the page calls it
    return gr.HTML(
        html_template="<div></div>",
        js_on_load=f"CodeGenPlayground.mount(element.firstElementChild, server, {json.dumps(title)})",
        head=f'<script src="{static_files.address("playground.js")}"></script>',
        server_functions=[server_act],
        apply_default_css=False,
        elem_id=PAGE,
    )
