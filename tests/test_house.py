"""The house keeps its own rules (ARCHITECTURE.md): read from the sources, one rule a test."""

import ast
import re
import subprocess
from pathlib import Path

from celery import current_app

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("marketplace", "accounts", "payments", "projects")
# What is kept in git: nobody answers for a scratch file.
KEPT = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    if (ROOT / name).exists()
]
MODULES = [path for path in KEPT if path.suffix == ".py" and "migrations" not in path.parts]
SOURCES = [path for path in MODULES if path.relative_to(ROOT).parts[0] in FLOORS]

# A test file tells one deed from all its sides, and may take longer over it.
# The one program that is handed out alone must be one file.
HANDED_OUT, MOST_LINES_OF_IT = "payments/statements/verify_statement.py", 620
MOST_LINES, MOST_LINES_OF_A_TEST_FILE, MOST_LINES_OF_A_FUNCTION = 300, 500, 70


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def files_with(pattern: str, paths: list[Path] = SOURCES) -> set[str]:
    return {name_of(path) for path in paths if re.search(pattern, path.read_text(), re.MULTILINE)}


# --- Bells and time ------------------------------------------------------------------------------


def test_there_is_one_doorbell():
    assert files_with(r"\bon_commit\(") == {"marketplace/common/doorbell.py"}


def bells_of(path: Path) -> set[str]:
    return set(re.findall(r'\bring\(\s*"([^"]+)"', path.read_text()))


def test_every_bell_has_somebody_listening():
    current_app.loader.import_default_modules()
    rung = {bell for path in SOURCES for bell in bells_of(path)}

    assert rung <= set(current_app.tasks)


def test_bells_are_rung_by_a_name_that_can_be_read():
    assert files_with(r'\bring\((?!\s*")(?!task_name)') == set()


def test_nobody_rings_upwards():
    for path in SOURCES:
        floor = path.relative_to(ROOT).parts[0]
        for bell in bells_of(path):
            assert FLOORS.index(bell.partition(".")[0]) <= FLOORS.index(floor), (path, bell)


def test_the_timetable_names_tasks_that_exist_and_keeps_its_intervals_short():
    current_app.loader.import_default_modules()
    for name, entry in current_app.conf.beat_schedule.items():
        assert entry["task"] in current_app.tasks, name
        # What is due is judged by the rows: a moved clock must be noticed soon.
        assert entry["schedule"] <= 60, name


def test_no_task_waits_in_the_queue():
    assert files_with(r"\b(countdown|eta)=") == set()


def test_time_is_asked_of_the_clock():
    outside = files_with(r"timezone\.now\(|datetime\.now\(|date\.today\(|\butcnow\(")

    assert outside <= {
        "marketplace/common/clock.py",
        # Whoever asks again does so in wall time.
        "marketplace/common/idempotency.py",
        # Heartbeats beat in wall time.
        "marketplace/heartbeats.py",
    }


# --- Who may do what -----------------------------------------------------------------------------


def test_only_services_hold_locks_and_transactions():
    held = files_with(r"select_for_update|transaction\.atomic")
    # What guards API calls as such, and what walks over rows of any room, belong to none.
    held -= {"marketplace/common/idempotency.py", "marketplace/common/sweeps.py"}

    assert {name for name in held if not name.endswith("services.py")} == set()


def test_balances_change_in_no_python():
    assert files_with(r"\.balance [-+]?= ") == set()


def test_nobody_listens_behind_the_wall():
    assert (
        files_with(r"@receiver|django\.(db\.models|core|dispatch)\.?\w* import .*\bsignals?\b")
        == set()
    )
    assert files_with(r"\b(post|pre)_(save|delete|init)\b|m2m_changed") == set()


def test_save_has_no_effects():
    assert files_with(r"def save\(self") - {"marketplace/common/forms.py"} == set()


def test_rooms_know_nothing_of_http():
    rooms = [
        path
        for path in SOURCES
        if len(path.relative_to(ROOT).parts) > 2
        and path.relative_to(ROOT).parts[1]
        not in ("web", "api", "management", "common", "templatetags")
    ]

    assert files_with(r"^from django\.(http|shortcuts|views)|^import django\.http", rooms) == set()


def test_a_template_holds_no_styles_and_no_scripts():
    styled = {
        name_of(path)
        for path in (ROOT / "templates").rglob("*.html")
        # What leaves the house carries its own style, since nothing is fetched there.
        if not {"emails", "evidence"} & set(path.parts)
        and re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?![^>]*\ssrc=)", path.read_text())
    }

    assert styled == set()


# --- Form ----------------------------------------------------------------------------------------


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def test_imports_stand_at_the_top():
    # A measurement is a script, which sets Django up before it imports what needs it.
    inner = {
        (name_of(path), node.lineno)
        for path in MODULES
        if path.relative_to(ROOT).parts[0] != "bench"
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert inner == set()


def test_files_stay_small():
    lines = {name_of(path): path.read_text().count("\n") for path in MODULES}

    assert lines.pop(HANDED_OUT) <= MOST_LINES_OF_IT
    assert {
        name: count
        for name, count in lines.items()
        if count > (MOST_LINES_OF_A_TEST_FILE if name.startswith("tests/") else MOST_LINES)
    } == {}


def test_functions_stay_small():
    long = {
        (name_of(path), function.name)
        for path in MODULES
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= MOST_LINES_OF_A_FUNCTION
    }

    assert long == set()


def test_no_drawer_for_odds_and_ends():
    drawers = {"utils.py", "helpers.py", "misc.py", "signals.py", "constants.py"}

    assert {name_of(path) for path in SOURCES if path.name in drawers} == set()


def test_nothing_is_left_half_done():
    assert files_with(r"\b(TODO|FIXME|XXX|HACK)\b") == set()


def test_every_room_says_what_it_is():
    silent = {
        name_of(path)
        for path in SOURCES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    }

    assert silent == set()


# --- Nothing of where it was made ----------------------------------------------------------------

# Machines and tools of whoever writes here have no place in what everybody reads. Spelt apart, so
# that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        (
            r"/wo" r"rk/",
            r"/ro" r"ot/",
            r"/ho" r"me/\w",
            r"pypi\.or" r"g",
            r"pythonhost" r"ed",
            r"registry\.npm" r"js",
            r"docker\.i" r"o",
            r"ghcr\.i" r"o",
        )
    )
)


def test_nothing_names_the_machine_it_was_written_on():
    named = {}
    for path in KEPT:
        text = path.read_text(errors="ignore")
        if "\0" not in text and (found := FOREIGN.search(text)):
            named[name_of(path)] = found[0]

    assert named == {}
