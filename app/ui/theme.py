"""Colours, type and measures as a Gradio theme, and as CSS variables for pages that Gradio does not draw.

The contrast of every pair was computed by WCAG 2.2 on the grounds where it is used: text reaches 4.5:1, the edge of
an input 3:1. Names without `cg_` are Gradio's own tokens; those with it are this project's.
"""

import gradio as gr
from gradio.themes.utils import sizes

# Each token with its light and its dark value.
COLOURS: dict[str, tuple[str, str]] = {
    "body_background_fill": ("#F5F6F7", "#0F1214"),
    "block_background_fill": ("#FFFFFF", "#161A1D"),
    "background_fill_primary": ("#FFFFFF", "#161A1D"),
    "background_fill_secondary": ("#ECEEF0", "#20262A"),
    "border_color_primary": ("#DEE2E5", "#2A3136"),
    "input_border_color": ("#818B94", "#6B7780"),
    "body_text_color": ("#15191C", "#E3E7EA"),
    "body_text_color_subdued": ("#56616A", "#9DA8B0"),
    "color_accent": ("#2350C8", "#8DB0FF"),
    "color_accent_soft": ("#E8EEFC", "#1A2743"),
    "button_primary_text_color": ("#FFFFFF", "#0B1424"),
    "error_text_color": ("#B0261D", "#FF948A"),
    "error_background_fill": ("#FCEBE9", "#351B19"),
    "cg_side": ("#EEF0F2", "#0A0D0F"),  # the sidebar
    "cg_faint": ("#626D75", "#88939B"),  # line numbers, placeholders
    "cg_accent_strong": ("#1B3FA3", "#B0C8FF"),  # a filled button under the pointer
    "cg_pass": ("#17683E", "#6FC798"),
    "cg_pass_soft": ("#E4F2EA", "#14281E"),
    "cg_warn": ("#7F5000", "#E2B152"),
    "cg_keyword": ("#7B3A96", "#CFA3E6"),
    "cg_string": ("#1B6A4B", "#8ACBA5"),
    "cg_number": ("#8F4E0B", "#E3B27A"),
    "cg_comment": ("#5F6A73", "#8B969E"),
    "cg_shadow": ("0 8px 24px rgb(20 28 36 / .12)", "0 8px 24px rgb(0 0 0 / .5)"),
}

SANS = '-apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, "Liberation Sans", Arial, sans-serif'
MONO = 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace'

TEXT = sizes.Size("11px", "12px", "13px", "14px", "15px", "22px", "26px", name="playground_text")
SPACE = sizes.Size("1px", "2px", "4px", "8px", "12px", "16px", "24px", name="playground_space")
RADIUS = sizes.Size("2px", "3px", "4px", "6px", "10px", "10px", "14px", name="playground_radius")


def theme() -> gr.themes.Base:
    """The theme of the page; light and dark follow the system."""
    its = gr.themes.Base(
        text_size=TEXT, spacing_size=SPACE, radius_size=RADIUS, font=["sans-serif"], font_mono=["monospace"]
    )
    # Gradio quotes the names of fonts, which turns generic ones such as ui-monospace into names of files.
    its.font, its.font_mono = SANS, MONO
    # Every attribute of a theme becomes a variable; `set` would know only Gradio's own names.
    for name, (light, dark) in COLOURS.items():
        setattr(its, name, light)
        setattr(its, f"{name}_dark", dark)
    return its


def variables() -> str:
    """The same colours, type and measures as a style sheet of their own, for the share page."""
    measures = {
        "font": SANS,
        "font-mono": MONO,
        **_scale("text", TEXT),
        **_scale("spacing", SPACE),
        **_scale("radius", RADIUS),
    }
    light = {**measures, **{name.replace("_", "-"): pair[0] for name, pair in COLOURS.items()}}
    dark = {name.replace("_", "-"): pair[1] for name, pair in COLOURS.items()}
    # Paper is always light.
    return (
        f":root{{{_declared(light)};color-scheme:light}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_declared(dark)};color-scheme:dark}}}}"
    )


def _scale(name: str, size: sizes.Size) -> dict[str, str]:
    steps = ("xxs", "xs", "sm", "md", "lg", "xl", "xxl")
    return {f"{name}-{step}": value for step, value in zip(steps, size.expand(), strict=True)}


def _declared(variables: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in variables.items())
