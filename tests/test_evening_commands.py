"""The same evening by commands, each a process as a shell runs it, against the campus."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import requests

from console.__main__ import main
from store import db
from store.db import text
from tests import postfix
from tests.campus import HOUSE, TIMEOUT, Campus, opened
from tests.patience import within
from tests.running import free_port

Capture = pytest.CaptureFixture[str]

WAIT = 90.0  # seconds that a process may take on a busy machine
PROBE = {"target", "module", "state", "seconds", "readings", "error"}
FOUND = {"name", "state", "problem", "advice", "missing", "note", "version", "connection"}
SUMMARY = ["campaign", "audience", "sent", "failed", "held", "suppressed", "waiting"]
READY = {"moodle", "bigbluebutton", "hls", "stun", "smtp", "mailbox", "control"}
CAMPAIGN = """
subject = "Шахматы в пятницу"
body = "Dear {{{{ name }}}}, come to {{{{ room }}}}."
from = "School 14 <news@school14.test>"
recipients = "people.csv"
relay = "{relay}"
"""


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own for each test, by the environment as users set it."""
    for name in [name for name in os.environ if name.startswith("PULT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PULT_VAULT_KEY_PATH", str(tmp_path / "vault.key"))
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begin(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "console", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def run(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    with begin(*arguments) as process:
        out, err = process.communicate(given, timeout=WAIT)
    return process.returncode, out.decode(), err.decode()


def ended(process: subprocess.Popen[bytes]) -> int:
    """End it as a service manager does; the exit code."""
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT)
    return process.returncode


def written(folder: Path, relay: str, *people: str) -> Path:
    (folder / "people.csv").write_text("email,name,room\n" + "".join(f"{who}\n" for who in people))
    path = folder / "campaign.toml"
    path.write_text(CAMPAIGN.format(relay=relay), encoding="utf-8")
    return path


def pupils(campus: Campus, count: int) -> list[str]:
    found = [
        f"{who['email']},{who['name']},R{number}"
        for number, who in enumerate(campus.control("/people").json())
        if who["email"].endswith("@pupils.school14.test")
    ]
    return found[:count]


def test_every_service_of_the_campus_is_probed_from_the_shell(
    campus: Campus, capsys: Capture
) -> None:
    at = campus.addresses
    asked = {
        "http": [at["moodle"]["url"] + "/login/index.php"],
        "tcp": ["tcp://" + at["smtp"]],
        "smtp": [at["smtp"], "--module", "smtp"],
        "stun": ["stun:" + at["stun"]],
        "hls": [at["hls"][0]],
    }
    watched = begin("probe", *asked["hls"], "--json")  # meanwhile the others, in this process
    for module, given in list(asked.items())[:-1]:
        assert main(["probe", *given, "--json"]) == 0
        out, err = capsys.readouterr()
        assert_well(module, given[0], out, err)
    out, err = (stream.decode() for stream in watched.communicate(timeout=WAIT))
    assert watched.returncode == 0
    assert_well("hls", asked["hls"][0], out, err)


def assert_well(module: str, address: str, out: str, err: str) -> None:
    """One object and nothing else, with the keys that scripts know."""
    told = json.loads(out)
    assert set(told) == PROBE
    assert (told["target"], told["module"]) == (address, module)
    assert (told["state"], told["error"], err) == ("ok", None, "")
    assert told["seconds"] > 0
    assert all(set(reading) == {"name", "value", "unit"} for reading in told["readings"])


def test_a_frozen_picture_is_a_finding_though_every_request_is_answered(
    campus: Campus, capsys: Capture
) -> None:
    with campus.scene("stalled-stream", stream="hall"):
        codes = [main(["probe", address, "--json"]) for address in campus.addresses["hls"]]
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(codes) == [0, 1]
    (frozen,) = [one for one in told if one["state"] != "ok"]
    assert frozen["state"] in ("suspect", "down")
    assert frozen["error"]


def test_texts_are_screened_line_by_line_as_they_come() -> None:
    with begin("screen") as process:
        assert process.stdin
        assert process.stdout
        for given, flags in (
            ({"id": "a", "text": "😀 you idiot"}, [("idiot", 6, 11)]),
            ({"id": 7, "text": "Ты — дурак, и болван"}, [("дурак", 5, 10), ("болван", 14, 20)]),
            ({"id": None, "text": "a\ud800 b"}, []),
            ({"id": "\ud800", "text": ""}, []),
        ):
            process.stdin.write(json.dumps(given).encode() + b"\n")
            process.stdin.flush()
            told = json.loads(process.stdout.readline())  # before the next line is given
            assert list(told) == ["id", "flags"]
            assert told["id"] == given["id"]
            assert [(f["term"], f["start"], f["end"]) for f in told["flags"]] == flags
            assert all(list(flag) == ["rule", "term", "start", "end"] for flag in told["flags"])
        out, err = process.communicate(b"not JSON\n", timeout=WAIT)
    assert (process.returncode, out) == (2, b"")
    assert err.startswith(b"Line 5 is not an object")
    assert err.count(b"\n") == 1


def test_a_campaign_resumes_and_never_starts_over(
    world: Path, campus: Campus, capsys: Capture
) -> None:
    people = pupils(campus, 12)
    path = written(world, f"smtp://{campus.addresses['smtp']}", *people, "no address,X,R0")
    code, out, err = run("send", str(path), "--wait", "--json")
    told = json.loads(out)
    assert list(told) == SUMMARY
    assert [told[key] for key in SUMMARY[1:]] == [13, 12, 1, 0, 0, 0]
    assert code == 1  # one line could not be sent
    assert "Line 14:" in err
    mails = box(campus)
    assert sorted(mail["To"].addresses[0].addr_spec for mail in mails) == sorted(
        line.partition(",")[0] for line in people
    )
    for mail in mails:
        assert mail["Subject"] == "Шахматы в пятницу"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "/u/" in mail["List-Unsubscribe"]
        assert "come to R" in words(mail)
    main(["send", str(path), "--wait", "--json"])
    assert json.loads(capsys.readouterr().out) == told
    path.write_text(path.read_text(encoding="utf-8").replace("come", "run"), encoding="utf-8")
    assert main(["send", str(path), "--wait", "--json"]) == 2
    refused = capsys.readouterr()
    assert (refused.out, refused.err.count("\n")) == ("", 1)
    assert "was changed after its sending began" in refused.err
    assert len(box(campus)) == 12


@pytest.mark.servers
def test_a_campaign_reaches_the_mailboxes_of_a_real_postfix(world: Path) -> None:
    known = [f"pupil{number}@school.test" for number in range(5)]
    with postfix.running(known) as server:
        path = written(world, server.url, *(f"{email},Пётр,R1" for email in known))
        code, out, err = run("send", str(path), "--wait", "--json")
        mails = server.messages(5)
    assert (code, json.loads(out)["sent"]) == (0, 5), err
    assert sorted(mail["To"].addresses[0].addr_spec for mail in mails) == known
    for mail in mails:
        assert mail["Subject"] == "Шахматы в пятницу"
        assert mail["From"].addresses[0].addr_spec == "news@school14.test"
        assert "Dear Пётр, come to R1." in words(mail)


def test_an_old_backup_mails_nobody_whoever_works_on_it(
    world: Path, campus: Campus, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    before = len(box(campus))
    path = written(world, f"smtp://{campus.addresses['smtp']}", *pupils(campus, 3))
    assert main(["send", str(path)]) == 0
    assert main(["backup", "one.pult"]) == 0
    monkeypatch.setenv("PULT_DATA", str(world / "new"))
    assert main(["restore", "one.pult"]) == 0
    assert main(["send", str(path), "--wait", "--json"]) != 0
    told = capsys.readouterr()
    assert "paused" in told.err
    with begin("worker") as worker, begin("prober") as prober:
        assert within(WAIT, lambda: {"worker", "prober"} <= beating(world / "new"))
        assert (ended(worker), ended(prober)) == (0, 0)
    assert states(world / "new") == ["held"] * 3
    assert len(box(campus)) == before


def test_the_listener_for_participants_stands_alone() -> None:
    port = free_port()
    with begin("public", "--port", str(port)) as process:
        assert within(WAIT, lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        assert answers(f"http://127.0.0.1:{port}/status")
        assert ended(process) == 0


def test_the_campus_opens_from_the_shell_with_one_line() -> None:
    with begin("campus", "--port", "0", "--scene", "rush", "--speed", "2") as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        assert set(told) == READY
        assert set(told["moodle"]) == {"url", "token"}
        assert all(set(server) == {"url", "secret"} for server in told["bigbluebutton"])
        scenes = requests.get(told["control"] + "/scenes", timeout=TIMEOUT).json()
        assert [scene["name"] for scene in scenes if scene["on"]] == ["rush"]
        assert ended(process) == 0


def test_doctor_gives_its_object_even_without_a_database(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("PULT_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert main(["doctor", "--json"]) == 1
    told = capsys.readouterr()
    (finding,) = json.loads(told.out)["findings"]
    assert set(finding) == FOUND
    assert (finding["name"], finding["state"]) == ("database", "failing")
    assert told.err == ""


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["migrate"], {"PULT_DATABASE_URL": "mysql://root:hush@db/x"}, "database_url must be"),
        (["migrate"], {"PULT_DATABASE_URL": "postgresql://db:port/x"}, "database_url must be"),
        (["migrate"], {"PULT_DATA": "taken"}, "The data folder taken cannot be used"),
        (["migrate"], {"PULT_CONFIG": "none.toml"}, "there is no such file"),
        (["doctor", "--json"], {"PULT_CONFIG": "key.toml"}, "line 2: there is no setting"),
        (
            ["doctor", "--json"],
            {"PULT_CONFIG": "key.toml"},
            "Known in [mail]: relay, sender, returns, quiet_hours, second_person_above, "
            "attachment_mb, attachments_mb, ledger_days, urgent_minutes.",
        ),
        (["restore", "taken"], {}, "taken is not a backup of Pult"),
        (["restore", "none"], {}, "none cannot be read"),
        (["backup", "none/x"], {}, "cannot be written"),
        (["probe", "ftp://x", "--json"], {}, "is not a host and a port"),
        (["screen", "--rules", "taken"], {}, "The rules cannot be read"),
        (["screen", "--rules", "key.toml"], {}, "There is no mail in rules"),
        (["send", "none.toml", "--json"], {}, "cannot be read"),
        (["send", "key.toml", "--json"], {}, "There is no “mail” in a send file"),
        (["import", "people", "none.csv"], {}, "cannot be read"),
        (["public", "--port", "99999"], {}, "There is no port 99999"),
    ],
)
def test_bad_input_is_one_sentence_and_ends_with_two(
    world: Path,
    arguments: list[str],
    environment: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    (world / "taken").write_text("neither a folder nor a backup, nor TOML")
    (world / "key.toml").write_text('[mail]\nrelais = "x"\n')
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code = main(arguments)
    said = capsys.readouterr()
    sentences = [line for line in said.err.splitlines() if "There was no school yet" not in line]
    assert (code, said.out, len(sentences)) == (2, "", 1), said.err
    assert told in said.err
    assert "hush" not in said.err


def box(campus: Campus) -> list[EmailMessage]:
    url = campus.addresses["mailbox"]
    with requests.Session() as session:
        raw = [
            session.get(f"{url}/messages/{kept['n']}", timeout=TIMEOUT).content
            for kept in campus.mail()
        ]
    return [message_from_bytes(each, EmailMessage, policy=policy.default) for each in raw]


def words(mail: EmailMessage) -> str:
    """What a reader without HTML reads."""
    plain = mail.get_body(("plain",))
    return str(plain.get_content()) if plain else ""


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=TIMEOUT).ok
    except requests.ConnectionError:
        return False


def rows(folder: Path, sql: str) -> list[Any]:
    opened_ = db.connect(folder)
    with opened_.read() as tx:
        found = list(tx.execute(text(sql)).scalars())
    opened_.close()
    return found


def beating(folder: Path) -> set[str]:
    return set(rows(folder, "SELECT part FROM heartbeat"))


def states(folder: Path) -> list[str]:
    return rows(folder, "SELECT state FROM delivery")
