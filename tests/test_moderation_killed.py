"""A worker that is killed in mid-action loses nothing, and repeats nothing that does harm."""

from pathlib import Path
from shutil import copytree
from urllib.parse import urlsplit

from platforms.moodle import Moodle
from store import access, db, schools
from store.access import Actor
from tests import faults, killing
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.stand_in import open_campus

KILLS = 3


def test_nothing_is_lost_and_all_goes_back_to_how_it_stood(
    sqlite_template: Path, tmp_path: Path
) -> None:
    data = copytree(sqlite_template, tmp_path / "data")
    opened = db.connect(data)
    with opened.begin() as tx:
        school = schools.found(
            tx, access.system(), "School 14", time_zone="Europe/Moscow", language="ru", now=NOON
        )
        connect(tx, school)
    ben = Actor("ben", "Ben", "moderator", frozenset({school.id}))
    with open_campus() as campus:
        at = urlsplit(campus.moodle["url"])
        token = campus.moodle["token"]
        assert at.port is not None
        with faults.before(at.port, yes=b"{}", restart=lambda: None) as slow:
            slow.plan = lambda _method, _path: "slow"
            site = Moodle(campus.moodle["url"], token, {"loopback_only": "1"})
            ward = killing.ward(opened, school, ben, site, 1)
            command = killing.worker(data, slow.url + at.path, token, 60.0)
            tally = killing.kill(ward, command, KILLS, 14)
    opened.close()
    assert (tally.kills, tally.unsettled, tally.lies, tally.changed) == (KILLS, 0, 0, 0)
