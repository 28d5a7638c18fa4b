"""What is wrong with a page, in every look that it has."""

from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.browser.visitor import Visitor

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SERIOUS = {"serious", "critical"}
# The dark differs from the light in its colours alone, and the phone in what is shown where.
LOOKS = (
    ("light", WIDE, {}),
    ("dark", WIDE, {"runOnly": ["color-contrast"]}),
    ("light", PHONE, {"rules": {"color-contrast": {"enabled": False}}}),
)
# Chromium keeps inherited colours when the scheme changes under a page, until it draws it anew.
REDRAW = """() => {
  const root = document.documentElement;
  root.style.display = "none";
  root.offsetHeight;
  root.style.display = "";
}"""
RUN_AXE = "(options) => axe.run({resultTypes: ['violations'], ...options})"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@cache
def _axe() -> str:
    return Axe().axe_script


def troubles_of(visitor: Visitor, path: str, status: int = 200) -> list[str]:
    """Open the page and look at it wide, in the dark and on a phone; empty when all is well."""
    page, before = visitor.page, len(visitor.complaints)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)
    answer = page.goto(path)
    found = []
    if answer.status != status:
        found.append(f"answers {answer.status}")
    page.evaluate(_axe())
    for scheme, size, options in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(size)
        page.evaluate(REDRAW)
        found += [f"{scheme}, {size['width']} px: {one}" for one in _violations(visitor, options)]
        if (surplus := page.evaluate(TOO_WIDE)) > 0:
            found.append(f"{surplus} px wider than {size['width']} px")
    found += [
        complaint
        for complaint in visitor.complaints[before:]
        # That a page is refused is what was asked for, and the console says it too.
        if status < 400 or str(status) not in complaint
    ]
    del visitor.complaints[before:]
    return [f"{visitor.name}, {path}: {one}" for one in found]


def _violations(visitor: Visitor, options: dict[str, Any]) -> list[str]:
    """What axe calls serious or critical, with the place of its first find."""
    violations = visitor.page.evaluate(RUN_AXE, options)["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})"
        for one in violations
        if one["impact"] in SERIOUS
    ]
