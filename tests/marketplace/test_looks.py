"""What the components promise to every page that uses them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django_cotton.compiler_regex import CottonCompiler

from marketplace.common.clock import now
from marketplace.common.templatetags import looks

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))


def drawn(source: str, **given: object) -> str:
    template = engines["django"].from_string(CottonCompiler().process(source))
    return template.render(given, RequestFactory().get("/"))


def test_a_strangers_text_adds_no_attribute():
    hostile = '"x" hx-post="/steal/" hx-trigger="load"'

    html = drawn('<c-badge :title="text">Hello</c-badge>', text=hostile)

    assert "hx-post=&quot;/steal/&quot;" in html
    assert 'hx-post="' not in html


def test_false_leaves_an_attribute_out():
    html = drawn('<c-button :disabled="closed" hidden>Send</c-button>', closed=False)

    assert "disabled" not in html
    assert " hidden" in html


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(days=3, minutes=5), "in 3 days"),
        (timedelta(hours=25), "in 1 day"),
        (timedelta(minutes=61), "in 1 hour"),
        (timedelta(seconds=30), "now"),
        (-timedelta(seconds=30), "just now"),
        (-timedelta(minutes=5, seconds=5), "5 minutes ago"),
        (-timedelta(days=45), "45 days ago"),
        (-timedelta(days=65), "2 months ago"),
    ],
)
def test_time_is_told_in_relation_to_now(distance, words):
    assert looks.in_relation(now() + distance) == words


def test_a_bar_never_leaves_its_track():
    assert looks.per_mille(2, 1) == 1000
    assert looks.per_mille(-1, 5) == 0
    assert looks.per_mille(1, 0) == 0
    assert looks.share_per_mille(350, 150) == 700


def test_drawings_bear_nothing_and_nought():
    assert looks.trace([]) == ""
    assert looks.trace([0, 0]) == "0.0,31.0 120.0,31.0"
    assert looks.columns([]) == []
    assert looks.columns([{"label": "Oct", "value": 0}])[0]["height"] == 1


def test_a_second_column_stands_beside_the_first_in_the_same_scale():
    first, last = looks.columns(
        [{"label": "1", "value": 5, "beside": 10}, {"label": "2", "value": 0, "beside": 5}]
    )
    assert (first["height"], first["second"]["height"]) == (50, 100)
    assert (last["height"], last["second"]["height"]) == (1, 50)
    assert first["x"] + first["width"] == first["second"]["x"]
    assert first["second"]["x"] + first["second"]["width"] < last["x"]
    assert "second" not in looks.columns([{"label": "1", "value": 5}])[0]


@pytest.mark.parametrize("status", [*looks._TONE_OF, "of_a_later_version"])
def test_every_state_has_a_tone_and_words(status):
    html = drawn('<c-status :value="status" />', status=status)

    assert re.search(r"tone-(neutral|info|good|warn|bad)", html)
    assert "_" not in re.sub(r"<[^>]+>", "", html)


def test_what_people_wrote_is_shown_as_text():
    html = drawn(
        '<c-card :title="text"><c-deed action="/x/" label="{{ text }}" /></c-card>',
        text="<script>alert(1)</script>",
    )

    assert html.count("&lt;script&gt;") == 2
    assert "<script>" not in html


def test_no_template_needs_an_exception_from_the_csp():
    at_fault = {
        str(path.relative_to(settings.BASE_DIR))
        for path in TEMPLATES
        if not {"emails", "evidence"} & set(path.parts)  # they leave the house
        and re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\bsrc=)", path.read_text())
    }

    assert at_fault == set()


def test_what_stands_in_running_text_ends_without_a_line_break():
    inline = "icon badge status money time avatar button copy milepost logo".split()

    assert [
        name
        for name in inline
        if Path(settings.BASE_DIR, "templates/cotton", f"{name}.html").read_text().endswith("\n")
    ] == []


@pytest.mark.django_db
def test_the_gallery_draws_every_component_in_the_sandbox_only(client, settings):
    assert client.get("/sandbox/components/").status_code == 200

    settings.SANDBOX = False

    assert client.get("/sandbox/components/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("code", [400, 403, 404, 500])
def test_every_error_has_its_page(code):
    html = get_template(f"{code}.html").render({}, RequestFactory().get("/"))

    assert str(code) in html
    assert "<h1>" in html


@pytest.mark.django_db
def test_an_address_that_only_takes_a_form_says_so(client):
    answer = client.get("/sandbox/clock/")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "press it again" in answer.content.decode()
