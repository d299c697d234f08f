"""The page in a browser: sorted, filtered, played, printed; silent on the console, and without a request."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from edge_sast.formats.contract import EVENT_DTYPE
from edge_sast.report.events.player import LayerSpikes, NetworkView, player_page
from edge_sast.report.page.inputs import Watched
from edge_sast.report.page.page import MOST_BYTES, report_page
from tests.browser import CHROMIUM, Seen, chromium
from tests.report.page.inputs import everything, layer_membranes

pytestmark = pytest.mark.needs(CHROMIUM)
RUNS = 20
MOST_SECONDS = 1
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PLAYED = (
    "before => document.querySelector('iframe').contentDocument.getElementById('time').textContent !== before"
)
SMUGGLED = """() => document.body.append(
  Object.assign(document.createElement("script"), { text: "window.smuggled = 1" }),
  Object.assign(new Image(), { src: "http://127.0.0.1:9/a.png" }))"""


def player() -> str:
    """A second of events, and a network that spikes in every step."""
    rng = np.random.default_rng(3)
    events = np.zeros(3000, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, 1_000_000, len(events)))
    events["x"], events["y"], events["p"] = rng.integers(0, (24, 24, 2), (len(events), 3)).T
    layer = LayerSpikes("layer 0", 6, 6, 4, [np.arange(step % 9) for step in range(20)])
    view = NetworkView(50_000, ("a", "b"), np.arange(40).reshape(20, 2), (layer,))
    return player_page(events, (24, 24), "a.bin", "3000 events", np.ones(50), view).decode()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    watched = Watched("run0", "a.bin", "3000 events", player(), "edge-sast report", [layer_membranes()])
    page = tmp_path_factory.mktemp("page") / "report.html"
    page.write_bytes(report_page(everything(RUNS, (watched,))))
    return page


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def opened(browser, path):
    """One page for all tests, each of which puts back what it changed."""
    opened = Seen(browser, path, viewport=DESKTOP)
    yield opened
    opened.page.close()


@pytest.fixture
def seen(opened):
    yield opened
    opened.page.wait_for_timeout(50)  # what comes late
    opened.check_quiet()


def table(seen, caption):
    return seen.page.locator("table", has=seen.page.locator("caption", has_text=caption)).first


def column(found, number):
    return found.locator(f"tbody tr:not([hidden]) > :nth-child({number})").all_text_contents()


def test_it_is_small_and_opens_at_once(browser, path):
    assert path.stat().st_size <= MOST_BYTES
    page = browser.new_page(viewport=DESKTOP)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # of the processor: others may be busy
    page.goto(path.as_uri())
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    page.close()
    assert 0 < metrics["TaskDuration"] <= MOST_SECONDS


def test_tables_are_sorted_by_keyboard(seen):
    found = table(seen, "Every pass")
    heading = found.locator("thead th").nth(2)
    assert heading.get_attribute("aria-sort") is None
    heading.locator("button").focus()
    seen.page.keyboard.press("Enter")
    values = [float(text.split(" ")[0]) for text in column(found, 3)]
    assert (values, heading.get_attribute("aria-sort")) == (sorted(values), "ascending")
    seen.page.keyboard.press("Space")
    values = [float(text.split(" ")[0]) for text in column(found, 3)]
    assert (values, heading.get_attribute("aria-sort")) == (sorted(values, reverse=True), "descending")
    points = found.locator("thead th").nth(4)
    points.locator("button").click()
    assert heading.get_attribute("aria-sort") is None
    assert column(found, 5)[-1] == "–"  # what there is nothing of comes last
    assert column(found, 5)[0] == "-10.00"


def test_runs_are_hidden_in_tables_and_charts(seen):
    found, chart = table(seen, "Every pass"), seen.page.locator("figure", has_text="Loss of training")
    chart.scroll_into_view_if_needed()
    assert "run7" in chart.locator(".legend").inner_text().split()
    assert set(column(found, 1)) == {*(f"run{i}" for i in range(RUNS)), f"mean of {RUNS} seeds"}
    lines = chart.locator(".plot > svg path").count()
    seen.page.get_by_role("checkbox", name="run7", exact=True).uncheck()
    assert "run7" not in chart.locator(".legend").inner_text().split()
    assert chart.locator(".plot > svg path").count() < lines
    assert set(column(found, 1)) == {*(f"run{i}" for i in range(RUNS) if i != 7), f"mean of {RUNS} seeds"}
    block = table(seen, "run7, int8").locator("xpath=ancestor::div[@class='block']")
    assert block.get_attribute("hidden") is not None
    seen.page.get_by_role("checkbox", name="run7", exact=True).check()
    assert block.get_attribute("hidden") is None


def test_a_chart_has_a_text_and_its_figures_as_a_table(seen):
    chart = seen.page.locator("figure", has_text="Accuracy of each pass")
    plot = chart.get_by_role("img")
    assert plot.get_attribute("aria-label").startswith(
        "Dot chart, accuracy of each pass in %, with 95 % intervals: "
    )
    chart.locator("summary").click()
    rows = chart.locator("tbody tr").all()
    assert len(rows) == (RUNS + 1) * 4
    assert rows[1].locator("th, td").all_text_contents() == ["run0", "hard", "80", "70", "90"]


def test_a_recording_plays(seen):
    seen.page.locator(".player summary").click()
    frame = seen.page.frame_locator(".player iframe")
    before = frame.locator("#time").inner_text()
    colours = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, 24, 24).data).size"
    assert frame.locator("#events").evaluate(colours) > 2
    frame.get_by_role("button", name="Play").click()
    seen.page.wait_for_function(PLAYED, arg=before)
    frame.get_by_role("button", name="Pause").click()
    seen.page.locator(".player summary").click()


def test_every_chart_is_on_paper(seen):
    charts = seen.page.locator("figure.chart")
    assert seen.page.locator(".plot > svg").count() < charts.count()  # they are drawn when they come near
    seen.page.emulate_media(media="print")
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator(".plot > svg").count() == charts.count()
    assert not seen.page.locator("nav").is_visible()
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    seen.page.emulate_media(media="screen")


def test_a_phone_scrolls_tables_and_not_the_page(seen):
    seen.page.set_viewport_size(PHONE)
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    chart = seen.page.locator("figure", has_text="Loss of training")
    chart.scroll_into_view_if_needed()
    assert chart.locator(".plot > svg").bounding_box()["width"] <= PHONE["width"]
    seen.page.set_viewport_size(DESKTOP)


def test_dark_mode_is_dark(seen):
    seen.page.emulate_media(color_scheme="dark")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    text = seen.page.locator(".plot svg text").first.evaluate("text => getComputedStyle(text).fill")
    assert text == "rgb(230, 237, 243)"
    seen.page.emulate_media(color_scheme="light")


def test_the_browser_forbids_what_the_page_does_not_hold(browser, path):
    """That the policy works: a script and a request that somebody smuggles in."""
    opened = Seen(browser, path)
    page = opened.page
    with (
        page.expect_event("requestfailed") as failed,
        page.expect_console_message(lambda message: "127.0.0.1" in message.text),
        page.expect_console_message(lambda message: "inline script" in message.text),
    ):
        page.evaluate(SMUGGLED)
    assert (failed.value.url, failed.value.failure) == ("http://127.0.0.1:9/a.png", "csp")
    assert page.evaluate("window.smuggled") is None
    assert len(opened.errors) == 2
    assert all("Content Security Policy" in error for error in opened.errors)
    page.close()


UNNAMED = """() => {
  const all = what => [...document.querySelectorAll(what)], named = (element, name) => element.getAttribute(name);
  return [
    ...all("table").filter(table => !table.caption?.textContent),
    ...all("th").filter(cell => !["col", "row"].includes(cell.scope)),
    ...all("[role=img], [role=group]").filter(each => !named(each, "aria-label")),
    ...all("section").filter(each => !document.getElementById(named(each, "aria-labelledby"))),
    ...all("input, button").filter(each => !(each.textContent || each.labels?.[0]?.textContent)),
  ].map(each => each.outerHTML.slice(0, 80));
}"""


def test_headings_tables_and_boxes_have_names(seen):
    assert seen.page.evaluate(UNNAMED) == []
    tags = seen.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(each => each.tagName)")
    levels = [int(tag[1]) for tag in tags]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
