"""Colours can be read by those who see less: contrast as WCAG 2.2 computes it."""

import re

import pytest

from app.ui import theme

TEXT = 4.5
EDGE = 3.0  # of what can be typed into, WCAG 2.2, 1.4.11

GROUNDS = ("body_background_fill", "block_background_fill")
PAIRS = [
    *((name, ground, TEXT) for ground in GROUNDS for name in ("body_text_color", "body_text_color_subdued")),
    *(
        (name, ground, TEXT)
        for ground in GROUNDS
        for name in ("color_accent", "cg_pass", "cg_warn", "error_text_color")
    ),
    *(("cg_faint", ground, TEXT) for ground in GROUNDS),
    *((f"cg_{name}", "block_background_fill", TEXT) for name in ("keyword", "string", "number", "comment")),
    ("body_text_color_subdued", "cg_side", TEXT),
    ("body_text_color_subdued", "background_fill_secondary", TEXT),
    ("color_accent", "color_accent_soft", TEXT),
    ("button_primary_text_color", "color_accent", TEXT),
    ("button_primary_text_color", "cg_accent_strong", TEXT),
    ("error_text_color", "error_background_fill", TEXT),
    ("cg_pass", "cg_pass_soft", TEXT),
    *(("input_border_color", ground, EDGE) for ground in GROUNDS),
]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_contrast_is_enough(front: str, ground: str, least: float, mode: int) -> None:
    assert contrast(theme.COLOURS[front][mode], theme.COLOURS[ground][mode]) >= least


def test_gradio_writes_every_colour_for_light_and_dark() -> None:
    css = theme.theme()._get_theme_css()
    light, dark = css.split(".dark", 1)
    for name, (in_light, in_dark) in theme.COLOURS.items():
        variable = name.replace("_", "-")
        assert f"--{variable}: {in_light};" in light
        assert f"--{variable}: {in_dark};" in dark


def test_the_share_page_has_the_same_colours_and_paper_stays_light() -> None:
    css = theme.variables()
    light, dark = css.split("@media screen and (prefers-color-scheme:dark)")
    for name, (in_light, in_dark) in theme.COLOURS.items():
        variable = name.replace("_", "-")
        assert f"--{variable}:{in_light}" in light
        assert f"--{variable}:{in_dark}" in dark


def test_no_font_is_fetched() -> None:
    its = theme.theme()
    assert its._stylesheets == []
    assert its._font_css == []
    assert not re.search(r"url\(|https?:", theme.variables())
