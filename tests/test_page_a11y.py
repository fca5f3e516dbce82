"""Names and roles of all controls, contrast in light and dark, live regions, dark mode of the system."""

from collections.abc import Callable

import pytest
from conftest import arrive
from playwright.sync_api import expect
from tab import Tab
from website import Site, Visitor

Come = Callable[..., Visitor]


def test_every_control_has_a_name(tab: Tab) -> None:
    everything(tab)
    assert tab.page.evaluate(NAMELESS) == []


def test_every_image_has_words_or_is_hidden_from_readers(tab: Tab) -> None:
    everything(tab)
    assert tab.page.evaluate("[...document.querySelectorAll('.cg img:not([alt])')].length") == 0
    assert tab.page.evaluate("[...document.querySelectorAll('.cg svg:not([aria-hidden], [aria-label])')].length") == 0


def test_no_id_stands_twice(tab: Tab) -> None:
    everything(tab)
    doubled = """() => {
      const ids = [...document.querySelectorAll(".cg [id]")].map(it => it.id);
      return ids.filter((id, place) => ids.indexOf(id) !== place);
    }"""
    assert tab.page.evaluate(doubled) == []


def test_the_page_has_its_landmarks(tab: Tab) -> None:
    for role, name in (("complementary", "Sessions"), ("region", "Thread"), ("main", "Cells"), ("form", "Composer")):
        expect(tab.page.get_by_role(role, name=name)).to_have_count(1)  # type: ignore[arg-type]
    assert tab.page.evaluate("document.documentElement.lang") == "en"


def test_there_is_one_first_heading(tab: Tab) -> None:
    everything(tab)
    expect(tab.page.get_by_role("heading", level=1)).to_have_count(1)


def test_an_answer_is_announced_once_and_politely(tab: Tab) -> None:
    tab.ask("Sort a list")
    tab.answered(1)
    expect(tab.page.locator("[aria-live=polite]").filter(has_text="Turn 1 is answered in cell 1")).to_have_count(1)


def test_the_end_of_a_run_is_announced(tab: Tab) -> None:
    tab.first("1 / 0")
    tab.run(1)
    said = tab.page.locator("[aria-live=polite]").filter(has_text="Cell 1: ZeroDivisionError")
    expect(said).to_have_count(1)
    expect(said).to_contain_text("line 1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(scheme: str, playground: Site, visitor: Come) -> None:
    tab = arrive(playground, visitor, color_scheme=scheme)
    assert tab.page.evaluate(CONTRAST) == []
    everything(tab)
    assert tab.page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("name", ["Keys", "Settings", "Share"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_a_sheet_has_enough_contrast(scheme: str, name: str, playground: Site, visitor: Come) -> None:
    tab = arrive(playground, visitor, color_scheme=scheme)
    tab.first("a = 1")
    tab.page.get_by_role("button", name=name).click()
    expect(tab.page.get_by_role("dialog")).to_be_visible()
    assert tab.page.evaluate(CONTRAST) == []
    assert tab.page.evaluate(NAMELESS) == []


def test_dark_and_light_follow_the_system(tab: Tab) -> None:
    ground = "getComputedStyle(document.querySelector('.cg')).color"
    light = tab.page.evaluate(ground)
    tab.page.emulate_media(color_scheme="dark")
    tab.page.reload()
    tab.opened()
    assert tab.page.evaluate(ground) != light


def everything(tab: Tab) -> None:
    """A session that shows most of what there is: an answer, text, a table, an error, a stale mark."""
    tab.ask("Write a function that sorts a list")
    tab.answered(1)
    tab.add('import pandas as pd\n\nprint("text")\npd.DataFrame({"a": [1, 2]})')
    tab.run(2)
    tab.append(2, "\n# edited")
    tab.add("def fails() -> None:\n    return missing\n\n\nfails()")
    tab.run(3)
    expect(tab.cell(2)).to_contain_text("stale")
    tab.write("next")


NAMELESS = """() => {
  const controls = document.querySelectorAll(
    ".cg :is(button, a[href], input, select, textarea, [role=textbox], [role=region], [role=group], iframe)");
  const named = it => [
    it.getAttribute("aria-label"), it.getAttribute("title"), it.textContent.trim(),
    ...(it.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent),
    ...[...(it.labels ?? [])].map(label => label.textContent.trim()),
  ].some(Boolean);
  return [...controls].filter(it => it.checkVisibility() && !named(it)).map(it => it.outerHTML.slice(0, 200));
}"""

# Text whose contrast with the ground under it is below WCAG 2.2 AA (4.5, or 3 where it is large); what is disabled is
# exempt. Formulas: WCAG 2.2, "relative luminance" and "contrast ratio".
CONTRAST = """() => {
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = colour => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, i) => part * a + under[i] * (1 - a));
  const ground = it => {
    const layers = [];
    for (let up = it; up; up = up.parentElement) {
      const colour = rgba(getComputedStyle(up).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(part => part / 255).map(p => p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = new Set();
  for (const it of document.querySelectorAll(".cg *")) {
    const own = [...it.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !it.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    if (it.closest(":disabled, [aria-disabled=true], .vh, option")) continue;
    const style = getComputedStyle(it);
    const under = ground(it);
    const colour = over(rgba(style.color), under);
    const [high, low] = [luminance(colour), luminance(under)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (high + 0.05) / (low + 0.05);
    const words = it.textContent.trim().slice(0, 40);
    if (ratio < least) found.add(`${ratio.toFixed(2)} ${it.tagName}.${it.className} ${words}`);
  }
  return [...found];
}"""
