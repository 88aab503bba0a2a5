"""Two live HLS streams (RFC 8216): a sliding window over a loop that never ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from platforms.campus import mpegts
from platforms.campus.evening import Evening
from platforms.campus.switches import Switch
from platforms.campus.timetable import STREAMED

SECONDS = 2  # of one segment
WINDOW = 6  # segments in the playlist
KEPT = 30  # segments that can still be fetched
BEGAN = timedelta(minutes=25)  # before the start of the campus
PLAYLIST = "application/vnd.apple.mpegurl"
BANDWIDTH = 120_000  # bits a second, at most
CODECS = "avc1.42c00a,mp4a.40.2"


@dataclass
class Streams:
    evening: Evening
    loop: mpegts.Loop
    frozen: dict[str, int] = field(default_factory=dict)  # stream: its last segment

    def __post_init__(self) -> None:
        self.evening.scenes["stalled-stream"].listeners.append(self._stall)

    async def master(self, request: Request) -> Response:
        if request.path_params["name"] not in STREAMED:
            return _missing()
        return Response(
            "#EXTM3U\n#EXT-X-VERSION:3\n"
            f'#EXT-X-STREAM-INF:BANDWIDTH={BANDWIDTH},RESOLUTION=192x108,CODECS="{CODECS}"\n'
            "video.m3u8\n",
            media_type=PLAYLIST,
        )

    async def playlist(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STREAMED:
            return _missing()
        last = self._last(name)
        first = last - WINDOW + 1
        began = self.evening.clock.started - BEGAN + timedelta(seconds=first * SECONDS)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{SECONDS}",
            f"#EXT-X-MEDIA-SEQUENCE:{first}",
            f"#EXT-X-PROGRAM-DATE-TIME:{_date(began)}",
        ]
        for number in range(first, last + 1):
            lines += [f"#EXTINF:{SECONDS:.3f},", f"{number}.ts"]
        headers = {"Cache-Control": "no-cache"}
        return Response("\n".join(lines) + "\n", media_type=PLAYLIST, headers=headers)

    async def segment(self, request: Request) -> Response:
        name, number = request.path_params["name"], request.path_params["number"]
        if name not in STREAMED:
            return _missing()
        last = self._last(name)
        if not last - KEPT < number <= last:
            return _missing()
        return Response(self.loop.segment(number), media_type="video/mp2t")

    def _last(self, name: str) -> int:
        """The newest segment that is complete, or the one where the stream stood still."""
        return self.frozen.get(name, self._live())

    def _live(self) -> int:
        clock = self.evening.clock
        return int((clock.real() - clock.started + BEGAN).total_seconds() // SECONDS) - 1

    def _stall(self, scene: Switch) -> None:
        stalled = scene.text("stream") if scene.on else ""
        self.frozen = {
            name: self.frozen.get(name, self._live()) for name in STREAMED if name == stalled
        }


def application(evening: Evening) -> Starlette:
    loop = mpegts.load(Path(__file__).parent / "media", seconds=SECONDS)
    streams = Streams(evening, loop)
    return Starlette(
        routes=[
            Route("/live/{name}/master.m3u8", streams.master),
            Route("/live/{name}/video.m3u8", streams.playlist),
            Route("/live/{name}/{number:int}.ts", streams.segment),
        ]
    )


def _missing() -> Response:
    return PlainTextResponse("Not Found", status_code=404)


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
