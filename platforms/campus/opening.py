"""All servers of the campus, opened and closed together."""

import asyncio
from collections.abc import Coroutine, Mapping
from random import Random

from platforms.campus import control, hls, stun
from platforms.campus.bigbluebutton.api import Api
from platforms.campus.bigbluebutton.api import application as bigbluebutton
from platforms.campus.bigbluebutton.meetings import Meeting
from platforms.campus.evening import Evening
from platforms.campus.mail import web as mailbox
from platforms.campus.mail.box import Box
from platforms.campus.mail.delivery import Delivery
from platforms.campus.mail.smtp import Relay
from platforms.campus.moodle.server import application as moodle
from platforms.campus.moodle.site import Site as Moodle
from platforms.campus.switches import Switch
from platforms.campus.timetable import SERVERS, STREAMED
from platforms.campus.web import HOST, Site, listen

WRITES = 0.25  # seconds between two looks at what is due in the forums
WEB = ("moodle", *SERVERS, "hls", "mailbox", "control")
ORDER = ("moodle", *SERVERS, "hls", "stun", "smtp", "mailbox", "control")  # of the ports


class Campus:
    """`first_port` 0: free ones."""

    def __init__(self, evening: Evening, first_port: int) -> None:
        self.evening = evening
        ports = {name: first_port and first_port + place for place, name in enumerate(ORDER)}
        self.sites = {name: Site(listen(ports[name])) for name in WEB}
        self.ports = ports
        self.smtp_listener = listen(ports["smtp"])
        secrets = Random(f"{evening.seed}:secrets")  # noqa: S311 - a play, on loopback
        self.token = secrets.randbytes(16).hex()
        self.apis = {
            server: Api(evening, server, secrets.randbytes(20).hex()) for server in SERVERS
        }
        self.box = Box()
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.stun, _ = await loop.create_datagram_endpoint(
            stun.Stun, local_addr=(HOST, self.ports["stun"])
        )
        relay = Relay(
            Delivery(self.box, self.evening.people, self.evening.clock),
            self.evening.scenes["relay-refuses"],
        )
        self.smtp = await asyncio.start_server(relay.serve, sock=self.smtp_listener)
        site = Moodle(self.evening, self.sites["moodle"].url, self.token)
        self._start(self.sites["moodle"].run(moodle(site, self._meeting)))
        for server, api in self.apis.items():
            self._start(self.sites[server].run(bigbluebutton(api)))
        self._start(self.sites["hls"].run(hls.application(self.evening)))
        self._start(self.sites["mailbox"].run(mailbox.application(self.box)))
        self._start(self.sites["control"].run(control.application(self.evening, self._streams())))
        self._start(self._write())
        self.evening.scenes["server-down"].listeners.append(self._server_down)

    async def close(self) -> None:
        self.smtp.close()
        self.stun.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def addresses(self) -> dict[str, object]:
        """What the campus prints when it is ready."""
        stun_port = self.stun.get_extra_info("sockname")[1]
        smtp_port = self.smtp_listener.getsockname()[1]
        return {
            "moodle": {"url": self.sites["moodle"].url, "token": self.token},
            "bigbluebutton": [
                {"url": f"{self.sites[server].url}/bigbluebutton/", "secret": api.secret}
                for server, api in self.apis.items()
            ],
            "hls": list(self._streams().values()),
            "stun": f"{HOST}:{stun_port}",
            "smtp": f"{HOST}:{smtp_port}",
            "mailbox": self.sites["mailbox"].url,
            "control": self.sites["control"].url,
        }

    def _streams(self) -> Mapping[str, str]:
        base = self.sites["hls"].url
        return {name: f"{base}/live/{name}/master.m3u8" for name in STREAMED}

    def _meeting(self, server: str, meeting_id: str) -> Meeting | None:
        return self.apis[server].meetings.find(meeting_id)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    async def _write(self) -> None:
        while True:
            self.evening.write_due()
            await asyncio.sleep(WRITES)

    def _server_down(self, scene: Switch) -> None:
        for server in SERVERS:
            if scene.on and server == scene.text("server").lower():
                self.sites[server].stop()
            else:
                self.sites[server].start()
