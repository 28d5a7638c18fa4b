"""Markdown of strangers."""

from marketplace.common.markdown import to_html


def test_a_bare_address_is_a_link():
    assert '<a href="http://shop.example"' in to_html("See http://shop.example for more.")


def test_so_many_addresses_are_words():
    """Each would be looked for behind each: the page would take seconds, at every view."""
    html = to_html("http://a." * 2_200)

    assert "<a " not in html
    assert "http://a.http://a." in html


def test_a_written_link_stays_one():
    assert '<a href="http://b.example"' in to_html("http://a. " * 300 + "[b](http://b.example)")
