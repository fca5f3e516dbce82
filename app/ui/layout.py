"""The page that Gradio serves: one component, full size, in the project's theme."""

from typing import Any

import gradio as gr

from app.ui import static_files
from app.ui.components import Act, playground
from app.ui.theme import theme

# The page fills the window; Gradio keeps room for a document around it, by rules that only !important outweighs.
FRAME = ".gradio-container .main.app { max-width: none; padding: 0 !important }"
# The last part keeps the composer above a phone's keyboard.
VIEWPORT = "width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"


def build(act: Act, *, title: str) -> gr.Blocks:
    """The page, ready to be launched.

    Args:
        act: carries out what the page asks for; see `components.playground`.
        title: name of the page in the browser.

    Raises:
        app.ui.static_files.NotBuilt: the page's script has not been built.
    """
    page = gr.Blocks(title=title, analytics_enabled=False, fill_width=True)
    with page:
        playground(act, title)
    return page


def look() -> dict[str, Any]:
    """What `Blocks.launch` must be given besides: the theme, and what stands in the page's head."""
    style = static_files.address("playground.css")
    script = static_files.address("playground.js")
    head = (
        f'<meta name="viewport" content="{VIEWPORT}">'
        f'<link rel="stylesheet" href="{style}"><link rel="preload" as="script" href="{script}">'
    )
    return {"theme": theme(), "head": head, "css": FRAME}
