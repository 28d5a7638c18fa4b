"""Markdown of strangers as safe HTML."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_parser = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(
    ["linkify", "table", "strikethrough"]
)
# Finding bare addresses grows with the square of what looks like one: a text of more of them than
# this is shown without links, instead of keeping a web process busy at every view.
_MOST_ADDRESSES = 200
_parser_without_links = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def to_html(text: str) -> SafeString:
    """Headings begin at h3 (the page has the first two); no images, no raw HTML."""
    has_few = text.count("://") + text.count("www.") + text.count("@") <= _MOST_ADDRESSES
    html = (_parser if has_few else _parser_without_links).render(text)
    for level in (4, 3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 2}>").replace(
            f"</h{level}>", f"</h{level + 2}>"
        )
    return mark_safe(nh3.clean(html, tags=_TAGS, link_rel="noopener nofollow ugc"))
