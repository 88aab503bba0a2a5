"""A real ejabberd on loopback, and people who sit in its rooms by BOSH (XEP-0206)."""

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

import requests

from tests import real
from tests.running import free_port

HOST, SERVICE = "localhost", "conference.localhost"
ADMIN, PASSWORD = f"admin@{HOST}", "pw"
HALF = f"half@{HOST}"  # may all that the first may, but set no option of a room
PARTS = "/usr/lib/x86_64-linux-gnu"
NUMBERS = count()


class Ejabberd:
    """`url` is the API's; without distribution, so that no name or daemon is shared."""

    def __init__(self, folder: Path) -> None:
        real.need("erl", "ejabberdctl")
        self.folder, self.port = folder, free_port()
        self.site = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.site}/api"
        self._life = ExitStack()

    @contextmanager
    def up(self) -> Iterator[None]:
        self._file.write_text(json.dumps(self._config()), encoding="utf-8")  # JSON is YAML
        with self._life:
            self.start()
            for user in ("admin", "half"):
                self.call("register", None, user=user, host=HOST, password=PASSWORD)
            yield

    def start(self) -> None:
        spool = f'"{self.folder / "spool"}"'
        own = {
            "EJABBERD_CONFIG_PATH": str(self._file),
            "EJABBERD_LOG_PATH": str(self.folder / "ejabberd.log"),
            "ERL_LIBS": PARTS,
            "ERL_CRASH_DUMP_SECONDS": "0",
            "HOME": str(self.folder),
        }
        arguments = ["-noinput", "-mnesia", "dir", spool, "-s", "ejabberd"]
        run = real.serving(self.port, "erl", *arguments, environment={**os.environ, **own})
        self._life.enter_context(run)

    def stop(self) -> None:
        """Rooms and people stay for the next start."""
        self._life.close()

    def person(self, name: str) -> str:
        """Somebody new: their address."""
        unused = f"{name}{next(NUMBERS)}"
        self.call("register", user=unused, host=HOST, password=PASSWORD)
        return f"{unused}@{HOST}"

    def room(self, **options: str) -> str:
        """The name of a new room that outlives its visitors."""
        name = f"algebra{next(NUMBERS)}"
        chosen = [{"name": one, "value": value} for one, value in options.items()]
        chosen.append({"name": "persistent", "value": "true"})
        place = {"name": name, "service": SERVICE, "host": HOST}
        self.call("create_room_with_opts", **place, options=chosen)
        return name

    def stands(self, room: str, jid: str) -> str:
        said = self.call("get_room_affiliation", name=room, service=SERVICE, jid=jid)
        return str(said["affiliation"])

    def make(self, room: str, jid: str, affiliation: str) -> None:
        place = {"name": room, "service": SERVICE, "jid": jid}
        self.call("set_room_affiliation", **place, affiliation=affiliation)

    def set(self, room: str, option: str, value: str) -> None:
        place = {"name": room, "service": SERVICE}
        self.call("change_room_option", **place, option=option, value=value)

    def options(self, room: str) -> dict[str, str]:
        said = self.call("get_room_options", name=room, service=SERVICE)
        return said if isinstance(said, dict) else {one["name"]: one["value"] for one in said}

    def call(self, command: str, user: str | None = ADMIN, /, **arguments: Any) -> Any:
        signed = (user, PASSWORD) if user else None
        answer = requests.post(f"{self.url}/{command}", json=arguments, auth=signed, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def _file(self) -> Path:
        return self.folder / "ejabberd.yml"

    def _config(self) -> dict[str, Any]:
        handlers = {"/api": "mod_http_api", "/bosh": "mod_bosh"}
        at = {"port": self.port, "ip": "127.0.0.1", "module": "ejabberd_http"}
        may, half = ({"access": {"allow": {"acl": one}}} for one in ("admin", "half"))
        but_options = ["*", "!change_room_option"]
        first = {"ip": "127.0.0.1"}
        return {
            "hosts": [HOST],
            "loglevel": "warning",
            "listen": [{**at, "request_handlers": handlers}],
            "auth_method": "internal",
            "acl": {"admin": {"user": [ADMIN]}, "half": {"user": [HALF]}},
            "api_permissions": {
                "first": {"from": "mod_http_api", "who": first, "what": ["register"]},
                "pult": {"from": "mod_http_api", "who": may, "what": ["*"]},
                "half": {"from": "mod_http_api", "who": half, "what": but_options},
            },
            "modules": {
                "mod_admin_extra": {},
                "mod_bosh": {},
                "mod_http_api": {},
                "mod_muc": {},
                "mod_muc_admin": {},
                "mod_offline": {},
            },
        }


class Visitor:
    """One person's session; `seen` is all that the server has told it."""

    def __init__(self, ejabberd: Ejabberd, jid: str) -> None:
        self._url, self.jid, self.seen = f"{ejabberd.site}/bosh", jid, ""
        self._rid, self._sid = count(1000), ""
        new = "xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'"
        self._send(more=f"to='{HOST}' wait='1' hold='1' ver='1.6' {new}")
        self._sid = re.findall(r"\bsid='([^']+)'", self.seen.replace('"', "'"))[0]
        key = b64encode(f"\0{jid.partition('@')[0]}\0{PASSWORD}".encode()).decode()
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        self._send(f"<auth xmlns='{sasl}' mechanism='PLAIN'>{key}</auth>")
        self._send(more=f"to='{HOST}' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'")
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
        self._send(f"<iq xmlns='jabber:client' type='set' id='b'>{bind}</iq>")
        self._send("<presence xmlns='jabber:client'/>")

    def enter(self, room: str) -> str:
        """What the server answers; with an error in it, one is not in."""
        muc = "<x xmlns='http://jabber.org/protocol/muc'/>"
        to = f"{room}@{SERVICE}/{self.jid.partition('@')[0]}"
        return self._send(f"<presence xmlns='jabber:client' to='{to}'>{muc}</presence>")

    def give_voice(self, room: str, jid: str) -> str:
        """As a moderator of the room, to somebody in it."""
        item = f"<item nick='{jid.partition('@')[0]}' role='participant'/>"
        query = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>"
        to = f"{room}@{SERVICE}"
        return self._send(f"<iq xmlns='jabber:client' type='set' id='v' to='{to}'>{query}</iq>")

    def say(self, room: str, said: str) -> str:
        to = f"{room}@{SERVICE}"
        body = f"<body>{escape(said)}</body>"
        message = f"<message xmlns='jabber:client' type='groupchat' to='{to}'>{body}</message>"
        return self._send(message)

    def look(self) -> str:
        """What came since."""
        return self._send()

    def _send(self, stanza: str = "", more: str = "") -> str:
        opened = f"<body rid='{next(self._rid)}' xmlns='http://jabber.org/protocol/httpbind'"
        sid = f" sid='{self._sid}'" if self._sid else ""
        said = f"{opened}{sid} {more}>{stanza}</body>".encode()
        answer = requests.post(self._url, data=said, timeout=60).text
        self.seen += answer
        return answer
