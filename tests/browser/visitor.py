"""A person at a browser, who finds things by what they say and never by how they are built."""

import re
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Request, Response, expect

PATIENCE = 15_000  # milliseconds; workers and webhooks take a moment

# The browser's own impatience: on a busy machine a page is drawn later than it allows for.
_TOO_BUSY = "was preloaded using link preload but not used within a few seconds"
# The live events' line is taken down whenever a page is left.
_ENDED_BY_LEAVING = "net::ERR_ABORTED"


class Visitor:
    """One browser window. ``clicks`` counts presses, as a person would count them."""

    def __init__(
        self, name: str, context: BrowserContext, home: str, *, has_script: bool = True
    ) -> None:
        self.name, self.context, self.has_script, self._home = name, context, has_script, home
        self.clicks = 0
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._complain(str(error.error)))
        context.on("requestfailed", self._note_failure)
        context.on("response", self._note_answer)
        self.page = context.new_page()

    # --- Deeds ------------------------------------------------------------------------------------

    def open(self, path: str) -> None:
        """Type an address. A person of ours should hardly need to."""
        self.page.goto(path)

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        exact = isinstance(name, str)
        self._click((within or self.page).get_by_role("button", name=name, exact=exact).first)

    def follow(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        exact = isinstance(name, str)
        self._click((within or self.page).get_by_role("link", name=name, exact=exact).first)

    def press_and_confirm(self, name: str, yes: str) -> None:
        """Press a button that asks first where a script runs, and say yes."""
        self.press(name)
        if self.has_script:
            self.press(yes, within=self.page.get_by_role("dialog"))

    def write(self, within: Locator | None = None, **fields: Any) -> None:
        """``write(Title="A shop")``; words of a label are joined by underscores."""
        for label, text in fields.items():
            self._field(label, within).fill(str(text))

    def write_by(self, fields: dict[str, str], within: Locator | None = None) -> None:
        for label, text in fields.items():
            self._field(label, within).fill(text)

    def choose(self, label: str, option: str) -> None:
        self._field(label).select_option(label=option)

    def pick(self, label: str) -> None:
        self._click(self.page.get_by_role("radio", name=label, exact=True))

    def unfold(self, name: str) -> None:
        self._click(self.page.get_by_role("main").get_by_text(name, exact=True).first)

    def part(self, name: str) -> Locator:
        """A named part of the page."""
        return self.page.get_by_role("region", name=name)

    # --- What is there ----------------------------------------------------------------------------

    def sees(self, *texts: str, within: Locator | None = None) -> None:
        for text in texts:
            expect(within or self.page.get_by_role("main")).to_contain_text(text)

    def sees_title(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def reads(self, facts: dict[str, str]) -> None:
        """Each label stands in a list of facts of the page, with this beside it."""
        for label, text in facts.items():
            words = label.replace(" ", r"\s")  # some spaces do not break
            term = self.page.get_by_role("term").filter(has_text=re.compile(f"^{words}$"))
            expect(term.first.locator("xpath=following-sibling::*[1]")).to_contain_text(text)

    def reloads_until_it_sees(self, text: str, seconds: int = 45) -> None:
        """What a worker does shows at the next look."""
        main = self.page.get_by_role("main")
        for _ in range(seconds):
            if text in main.inner_text():
                return
            self.page.wait_for_timeout(1000)
            self.page.reload()
        self.sees(text)

    def said(self) -> str:
        """Where this person is, and what the page says."""
        seen = [main.aria_snapshot() for main in self.page.get_by_role("main").all()]
        return "\n".join([f"== {self.name} at {self.page.url}", *seen])

    # --- Behind the curtain -----------------------------------------------------------------------

    def _field(self, label: str, within: Locator | None = None) -> Locator:
        wanted = re.compile(rf"^{re.escape(label.replace('_', ' '))}( Optional)?$")
        return (within or self.page).get_by_label(wanted).first

    def _click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def _complain(self, text: str) -> None:
        # The provider's page may answer as it likes: a declined card is a 402 there.
        if self.page.url.startswith(self._home):
            self.complaints.append(f"{self.name} at {self.page.url}: {text}")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and _TOO_BUSY not in message.text:
            self._complain(message.text)

    def _note_failure(self, request: Request) -> None:
        if request.failure != _ENDED_BY_LEAVING:
            self._complain(f"{request.method} {request.url}: {request.failure}")

    def _note_answer(self, response: Response) -> None:
        if response.status >= 400:
            self._complain(f"{response.request.method} {response.url}: {response.status}")
