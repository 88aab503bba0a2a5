"""A worker that is killed in mid-action loses nothing, and repeats nothing that does harm."""

from pathlib import Path
from shutil import copytree

from store import db
from tests import failing, killing
from tests.stand_in import open_campus

KILLS = 3


def test_nothing_is_lost_and_all_goes_back_to_how_it_stood(
    sqlite_template: Path, tmp_path: Path
) -> None:
    data = copytree(sqlite_template, tmp_path / "data")
    opened = db.connect(data)
    with open_campus() as campus, failing.lms(campus) as lms:
        desk = failing.desk_of(opened, {"lms": lms})
        tally = killing.kill(killing.Ward(desk, killing.worker(data), 1), KILLS, 14)
    opened.close()
    assert tally.kills == KILLS
    assert (tally.unsettled, tally.refused, tally.lies, tally.changed) == (0, 0, 0, 0)
