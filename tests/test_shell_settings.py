"""Settings: typed, overridden by the environment, and wrong ones named by their line."""

from pathlib import Path

import pytest

from console.settings import KEYS, SettingsError, load


def written(folder: Path, toml: str) -> dict[str, str]:
    (folder / "pult.toml").write_text(toml, encoding="utf-8")
    return {"PULT_CONFIG": str(folder / "pult.toml")}


def test_without_a_file_the_defaults_serve(tmp_path: Path) -> None:
    settings = load({"PULT_CONFIG": ""})
    assert settings.worker.mode == "embedded"
    assert settings.public_url == "http://127.0.0.1:8502"


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    around = written(tmp_path, '[worker]\nmode = "off"\n[public]\nport = 9000\n')
    assert load(around).public.port == 9000
    changed = load({**around, "PULT_PUBLIC_PORT": "9001", "PULT_DATA": "/there"})
    assert (changed.public.port, changed.worker.mode, changed.data) == (9001, "off", Path("/there"))


@pytest.mark.parametrize(
    ("toml", "line", "allowed"),
    [
        ('[worker]\n\nmood = "off"\n', 3, "mode"),
        ('[worker]\nmode = "on"\n', 2, '"embedded" or "external" or "off"'),
        ('[public]\nport = "many"\n', 2, "a whole number"),
        ("[public]\nport = true\n", 2, "a whole number"),
        ("[public]\nport = 99999\n", 2, "from 0 to 65535"),
        ("[history]\nraw_days = 0\n", 2, "from 0.25 to 90"),
        ("[mail]\nquiet_hours = '22-7'\n", 2, 'text like "22:00-07:00"'),
        ("[mail]\nsecond_person_above = -1\n", 2, "from 0 to 10000000"),
        ("[server]\nsession_hours = nan\n", 2, "from 0.1 to 720"),
        ("[server]\nsession_hours = 1\n[wörker]\nmode = 1\n".replace("ö", "o"), 4, '"embedded"'),
        ("[mails]\nrelay = 'smtp://h'\n", 2, "server, public, worker, prober, history, mail"),
        ('public.port = "x"\n', 1, "a whole number"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_allowed(
    tmp_path: Path, toml: str, line: int, allowed: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(written(tmp_path, toml))
    assert f"line {line}:" in str(refused.value)
    assert allowed in str(refused.value)


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 2"):
        load(written(tmp_path, "[mail]\nrelay =\n"))


def test_a_named_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load({"PULT_CONFIG": str(tmp_path / "none.toml")})


def test_a_wrong_variable_names_what_is_allowed_and_hides_secrets() -> None:
    with pytest.raises(SettingsError, match=r"PULT_WORKER_MODE must be .*external.*'later'"):
        load({"PULT_WORKER_MODE": "later"})


def test_a_variable_out_of_range_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"PULT_PUBLIC_PORT must be .* to 65535, not '70000'"):
        load({"PULT_PUBLIC_PORT": "70000"})
    with pytest.raises(SettingsError, match="PULT_SERVER_SESSION_HOURS must be"):
        load({"PULT_SERVER_SESSION_HOURS": "-1"})


def test_no_secret_shows_in_an_error_or_a_repr(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"line 2: server\.metrics_token") as refused:
        load(written(tmp_path, "[server]\nmetrics_token = 271828\n"))
    assert "271828" not in str(refused.value)
    secrets = {key.variable: f"hush-{key.name}" for key in KEYS.values() if key.secret}
    settings = load(secrets)
    assert settings.mail.relay == "hush-relay"
    assert "hush" not in repr(settings)


def test_an_unknown_variable_warns_and_does_not_stop() -> None:
    settings = load({"PULT_WROKER_MODE": "off"})
    assert settings.warnings == ("PULT_WROKER_MODE is not a setting of Pult; it is not used.",)


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "relay").write_text("smtp://user:hush@mail.example\n", encoding="utf-8")
    beside = written(tmp_path, '[mail]\nrelay_file = "relay"\n')
    assert load(beside).mail.relay == "smtp://user:hush@mail.example"
    named = load({"PULT_MAIL_RELAY_FILE": str(tmp_path / "relay")})
    assert named.mail.relay == "smtp://user:hush@mail.example"
    with pytest.raises(SettingsError, match="cannot be read"):
        load({"PULT_MAIL_RELAY_FILE": str(tmp_path / "none")})
