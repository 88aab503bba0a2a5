"""A real Synapse on loopback, with people who talk in it."""

import hashlib
import hmac
import itertools
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from tests import real
from tests.running import free_port

CLIENT = "/_matrix/client/v3"
SECRET = "s3cret"
BRIDGE = "br1dge"  # the token of an application that may say when a message was written
FREELY = {"per_second": 1000, "burst_count": 1000}
NUMBERS = itertools.count()


class Synapse:
    """`token` is an administrator's, of @pult."""

    def __init__(self, folder: Path) -> None:
        self.python = str(real.need_server("synapse"))
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self._life = ExitStack()

    @contextmanager
    def up(self) -> Iterator[None]:
        self._write()
        with self._life:
            self.start()
            self.token = self.register("pult", admin=True)
            yield

    def start(self) -> None:
        module = "synapse.app.homeserver"
        run = real.serving(self.port, self.python, "-m", module, "-c", str(self._file))
        self._life.enter_context(run)

    def stop(self) -> None:
        """What it knows stays for the next start."""
        self._life.close()

    def register(self, name: str, *, admin: bool = False) -> str:
        """The new account's token."""
        place = "/_synapse/admin/v1/register"
        nonce = self.call("GET", place)["nonce"]
        role = "admin" if admin else "notadmin"
        signed = "\0".join([nonce, name, "pw", role]).encode()
        mac = hmac.new(SECRET.encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "pw", "admin": admin, "mac": mac}
        return str(self.call("POST", place, body=body)["access_token"])

    def person(self, name: str) -> tuple[str, str]:
        """Somebody new: the account's id and its token."""
        unused = f"{name}{next(NUMBERS)}"
        return f"@{unused}:pult.test", self.register(unused)

    def room(self, token: str, *others: str, version: str = "12") -> str:
        """A public room of the token's account, that the others have joined."""
        body = {"name": "Algebra", "preset": "public_chat", "room_version": version}
        made = str(self.call("POST", f"{CLIENT}/createRoom", token, body)["room_id"])
        for other in others:
            self.call("POST", f"{CLIENT}/join/{quote(made, safe='')}", other, {})
        return made

    def say(self, token: str, room: str, said: str, **more: Any) -> str:
        """The message's id, as Pult names it."""
        place = f"/send/m.room.message/{next(NUMBERS)}"
        body = {"msgtype": "m.text", "body": said, **more}
        return f"{room}/{self.at('PUT', token, room, place, body)['event_id']}"

    def say_late(self, user_id: str, room: str, said: str, *, written: datetime) -> str:
        """What arrives now and was written before, as by another server or a queue."""
        at, once = int(written.timestamp() * 1000), next(NUMBERS)
        place = f"/send/m.room.message/{once}?ts={at}&user_id={quote(user_id)}"
        body = {"msgtype": "m.text", "body": said}
        return f"{room}/{self.at('PUT', BRIDGE, room, place, body)['event_id']}"

    def at(self, method: str, token: str, room: str, place: str, body: Any = None) -> Any:
        return self.call(method, f"{CLIENT}/rooms/{quote(room, safe='')}{place}", token, body)

    def call(self, method: str, place: str, token: str = "", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(method, self.url + place, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    @property
    def _file(self) -> Path:
        return self.folder / "homeserver.yaml"

    def _write(self) -> None:
        bridge = {
            "id": "bridge",
            "url": None,
            "as_token": BRIDGE,
            "hs_token": SECRET,
            "sender_localpart": "bridge",
            "namespaces": {"users": [{"exclusive": False, "regex": "@.*"}]},
        }
        registered = self.folder / "bridge.yaml"
        registered.write_text(json.dumps(bridge), encoding="utf-8")
        config = {
            "server_name": "pult.test",
            "listeners": [
                {
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "type": "http",
                    "resources": [{"names": ["client"]}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "synapse.db")}},
            "media_store_path": str(self.folder / "media"),
            "pid_file": str(self.folder / "pid"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": SECRET,
            "macaroon_secret_key": SECRET,
            "form_secret": SECRET,
            "trusted_key_servers": [],
            "report_stats": False,
            "caches": {"sync_response_cache_duration": "0s"},  # one test's answer is not another's
            "app_service_config_files": [str(registered)],
            "bcrypt_rounds": 4,
            "rc_message": FREELY,
            "rc_registration": FREELY,
            "rc_joins": {"local": FREELY},
            "rc_room_creation": FREELY,
            "rc_invites": {"per_room": FREELY, "per_user": FREELY, "per_issuer": FREELY},
            "rc_admin_redaction": FREELY,
        }
        self._file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        key = [self.python, "-m", "synapse._scripts.generate_signing_key"]
        subprocess.run([*key, "-o", str(self.folder / "signing.key")], check=True)
