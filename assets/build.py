"""Build the style sheet and the font into ``static/build/``, and the catalogues of other languages
where they lie: ``python assets/build.py [--watch]``.

All are made by wheels pinned in requirements/build.txt, so a build needs no network, no Node and no
gettext.
"""

import argparse
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ASSETS = Path(__file__).resolve().parent
BUILT = ASSETS.parent / "static" / "build"
LOCALE = ASSETS.parent / "locale"

# Latin with its extensions, punctuation, currency signs, arrows, the minus sign and the few marks
# that pages use. Other scripts fall back to the reader's own fonts.
UNICODES = (
    "U+0020-007E,U+00A0-024F,U+0259,U+02BB-02DD,U+0300-0304,U+1E00-1EFF,U+2010-2027,U+2030-203A,"
    "U+2044,U+2070-209C,U+20A0-20C0,U+2116,U+2122,U+2190-2199,U+2212,U+2215,U+2248,U+2260-2265"
)
# Kerning and marks, tabular digits, the slashed zero, case-sensitive punctuation, fractions.
FEATURES = "kern,mark,mkmk,ccmp,locl,calt,tnum,zero,case,frac,ss03,cv05,cv11"


def tool(name: str) -> str:
    """A program of this virtual environment, wherever it was called from."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is missing: install requirements/build.txt.")
    return found


def build_font() -> None:
    """Inter, variable in weight and optical size, cut to what pages use (about 110 KB)."""
    target = BUILT / "inter.woff2"
    spec = find_spec("fontpkg_inter")
    if spec is None or spec.origin is None:
        sys.exit("fontpkg-inter is missing: install requirements/build.txt.")
    source = Path(spec.origin).parent / "files" / "Inter[opsz,wght].ttf"
    newest = max(source.stat().st_mtime, Path(__file__).stat().st_mtime)
    if target.exists() and target.stat().st_mtime > newest:
        return
    half = target.with_name(f"inter.{os.getpid()}.part")
    subprocess.run(
        [
            *(tool("pyftsubset"), str(source), f"--unicodes={UNICODES}"),
            *(f"--layout-features={FEATURES}", "--flavor=woff2", f"--output-file={half}"),
        ],
        check=True,
    )
    os.replace(half, target)


def build_styles(*, watch: bool) -> None:
    """The classes that templates really use, in one minified file."""
    source, target = ASSETS / "app.css", BUILT / "app.css"
    command = [tool("tailwindcss"), "--input", str(source), "--minify"]
    if watch:
        subprocess.run([*command, "--output", str(target), "--watch=always"], check=True)
        return
    half = target.with_name(f"app.{os.getpid()}.part.css")
    made = subprocess.run(
        [*command, "--output", str(half)], check=False, cwd=ASSETS, capture_output=True, text=True
    )
    if made.returncode:
        sys.exit(made.stderr)
    os.replace(half, target)


def build_catalogues() -> None:
    """Each django.po as the django.mo beside it, which is what is read when people are told."""
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        half = source.with_name(f"django.{os.getpid()}.part")
        with source.open("rb") as written, half.open("wb") as made:
            write_mo(made, read_po(written, abort_invalid=True))
        os.replace(half, source.with_suffix(".mo"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watch", action="store_true", help="build again whenever a file changes")
    options = parser.parse_args()
    BUILT.mkdir(parents=True, exist_ok=True)
    build_catalogues()
    build_font()
    build_styles(watch=options.watch)


if __name__ == "__main__":
    main()
