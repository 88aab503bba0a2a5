"""The same evening as on the screens, done with the house as a library: Streamlit stays out."""

import json
import subprocess
import sys
from pathlib import Path

from store.db import Database
from tests import evening_work
from tests.campus import HOUSE, opened
from tests.evening import begin


def test_an_evening_is_done_without_a_screen(database: Database) -> None:
    with opened() as campus:
        tonight = begin(database, campus)
        evening_work.a_rush_and_a_frozen_picture_are_seen(tonight)
        pupil = evening_work.an_insult_is_removed_and_comes_back(tonight)
        evening_work.its_author_is_blocked_and_let_in_again(tonight, pupil)
        incident_id = evening_work.a_report_of_trouble_stands_on_top(tonight)
        evening_work.the_affected_get_a_letter(tonight, incident_id)


def test_nothing_of_an_evening_loads_streamlit(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.evening_work", str(tmp_path / "data")]
    done = subprocess.run(
        command, cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"streamlit": []}
