"""A sheet of paper with our margins, head and foot: what a document is set with."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF, XPos, YPos
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from projects.agreements.paper.typeface import cut_for, readable

INK, MUTED, LINE, GREEN = (23, 31, 28), (96, 108, 103), (214, 221, 217), (11, 93, 67)
MARGIN, LEADING = 20, 5.2  # millimetres
_BODY, _SMALL = 10, 8  # points


class Sheet(FPDF):
    """A4, upright. Every text goes through ``readable``, so nothing typed can break the paper."""

    def __init__(self, *, title: str, foot: str, text: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        # Else it would be of the moment at which it is written, and never the same twice.
        self.set_creation_date(made_at)
        self.foot = readable(foot)
        self.set_title(title)
        self.set_creator("Milepost")
        self.set_lang("en")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 4)
        with TemporaryDirectory() as folder:
            for style, weight in (("", 400), ("B", 640)):
                path = Path(folder) / f"inter{style}.ttf"
                path.write_bytes(cut_for(readable(text), weight))
                self.add_font("Inter", style, path)
        self.add_page()

    def header(self) -> None:
        """The milestone of the house, and its name."""
        self.set_fill_color(*GREEN)
        self.rect(MARGIN, 9.6, 3, 3.6, style="F", round_corners=True, corner_radius=1.2)
        self.set_xy(MARGIN + 4.5, 9)
        self._ink(MUTED, _SMALL)
        self.cell(0, 5, "Milepost")
        self.set_y(MARGIN)

    def footer(self) -> None:
        self.set_y(-14)
        self._ink(MUTED, 7)
        self.cell(0, 5, self.foot)
        self.set_x(MARGIN)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")

    # --- What stands on it -----------------------------------------------------------------------

    def heading(self, text: str, size: float = 13) -> None:
        """Begins on the next page where nothing of its section would fit below it."""
        if self.will_page_break(size + 3 * LEADING):
            self.add_page()
        self.ln(3 if size < 16 else 0)
        self._ink(INK, size, "B")
        self._lines(text, size * 0.48)
        self.ln(1.5)

    def paragraph(self, text: str, *, is_small: bool = False, is_bold: bool = False) -> None:
        self._ink(MUTED if is_small else INK, _SMALL if is_small else _BODY, "B" if is_bold else "")
        self._lines(text, 4.2 if is_small else LEADING)
        self.ln(1.2)

    def points(self, texts: Iterable[str], mark: str = "•") -> None:
        for text in texts:
            self._ink(INK, _BODY)
            if self.will_page_break(LEADING):
                self.add_page()
            self.cell(5, LEADING, mark)
            left = self.l_margin
            self.set_left_margin(left + 5)
            self._lines(text, LEADING)
            self.set_left_margin(left)
            self.set_x(left)
            self.ln(0.9)
        self.ln(1)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Two columns, a line between."""
        self.columns([list(pair) for pair in pairs], widths=(30, 70), aligns="LL")

    def columns(
        self,
        rows: list[list[str]],
        *,
        widths: tuple[int, ...],
        aligns: str,
        has_head: bool = False,
        has_sum: bool = False,
    ) -> None:
        """A table; ``aligns`` has an L or R for each column. Rows stay whole on a page."""
        self._ink(INK, 9)
        self.set_draw_color(*LINE)
        with self.table(
            col_widths=widths,
            text_align=tuple({"L": "LEFT", "R": "RIGHT"}[one] for one in aligns),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=4.8,
            padding=(1.4, 1),
            first_row_as_headings=has_head,
            headings_style=FontFace(emphasis="B", color=MUTED),
        ) as table:
            for number, cells in enumerate(rows):
                row = table.row(
                    style=FontFace(emphasis="B") if has_sum and number == len(rows) - 1 else None
                )
                for cell in cells:
                    row.cell(readable(cell))
        self.ln(2.5)

    def hexadecimal(self, text: str) -> None:
        """A hash or a signature, to be compared by eye: in groups of eight."""
        groups = " ".join(text[place : place + 8] for place in range(0, len(text), 8))
        self._ink(INK, 8.5)
        self._lines(groups, 4.6)
        self.ln(1.2)

    def _ink(self, color: tuple[int, int, int], size: float, style: str = "") -> None:
        self.set_font("Inter", style, size)
        self.set_text_color(*color)

    def _lines(self, text: str, height: float) -> None:
        said = readable(text)
        self.multi_cell(0, height, said, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
