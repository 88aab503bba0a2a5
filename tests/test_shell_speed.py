"""What keeps refreshes short: no full collection after a run, and nothing loaded at a look."""

import subprocess
import sys
from pathlib import Path

from console.app import VIEWS

HOUSE = Path(__file__).resolve().parent.parent


def said(code: str) -> list[str]:
    """What a fresh Python says in the folder that the console is started in."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


def test_streamlit_does_not_collect_garbage_after_every_run() -> None:
    """A hidden option: an unknown one raises, and the run of this code fails."""
    code = "from streamlit import config; print(config.get_option('runner.postScriptGC'))"
    assert said(code) == ["False"]


def test_a_warm_console_has_loaded_and_frozen_every_screen() -> None:
    code = (
        "import gc, sys; from console import app; app.warm(); "
        "print(gc.get_freeze_count() > 100_000, "
        "*(name for name in sys.modules if name.startswith('console.views.')))"
    )
    frozen, *loaded = said(code)
    assert frozen == "True"
    assert {f"console.views.{view.module}" for view in VIEWS.values()} <= set(loaded)
