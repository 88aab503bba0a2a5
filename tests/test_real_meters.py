"""Meters against real servers: nginx with RTMP and a stream in it, and Janus with its rooms."""

from pathlib import Path

import pytest

from platforms import PLATFORMS
from platforms.base import Adapter, PlatformError
from platforms.steering import RoomEnder, RoomMaker
from probes import check
from probes.model import Result, State, Target
from tests import real
from tests.running import free_port
from tests.test_probes_servers import PICTURE, running

pytestmark = pytest.mark.servers

NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{rtmp}; application live {{ live on; }} }} }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{http}; location /stat {{ rtmp_stat all; }} }} }}
"""
LIBRARIES = "/usr/lib/x86_64-linux-gnu/janus"
JANUS = {
    "janus.jcfg": """general: {{
        configs_folder = "{folder}" plugins_folder = "{libraries}/plugins"
        transports_folder = "{libraries}/transports" admin_secret = "s3cret" }}
    transports: {{ disable = "libjanus_websockets.so,libjanus_pfunix.so" }}""",
    "janus.transport.http.jcfg": """general: {{ http = true port = {port} ip = "127.0.0.1" }}
    admin: {{ admin_http = true admin_port = {admin} admin_ip = "127.0.0.1" }}""",
    "janus.plugin.videoroom.jcfg": """general: {{ admin_key = "key" }}
    room-1234: {{ description = "Algebra" publishers = 6 secret = "own" }}
    room-77: {{ description = "Staff" publishers = 6 is_private = true secret = "own" }}""",
}


def probed(adapter: Adapter) -> Result:
    target = Target("", "", "server", "classroom", "", connection_id="c")
    return check(target, adapters=lambda _: adapter, timeout=30, loopback_only=True)


def test_nginx_rtmp_tells_of_its_stream_and_of_who_watches_it(tmp_path: Path) -> None:
    real.need("nginx", "ffmpeg")
    rtmp, http = free_port(), free_port()
    conf = tmp_path / "nginx.conf"
    conf.write_text(NGINX.format(folder=tmp_path, rtmp=rtmp, http=http))
    url, stream = f"http://127.0.0.1:{http}", f"rtmp://127.0.0.1:{rtmp}/live/hall"
    options = {"loopback_only": "1", "viewers": "rtmp"}
    adapter = PLATFORMS["nginx-rtmp"].adapter(url, "", options)
    with real.serving(rtmp, "nginx", "-p", str(tmp_path), "-c", str(conf)):
        assert probed(adapter).rooms == ()
        with running("ffmpeg", *PICTURE, stream):
            real.until(lambda: [room.running for room in probed(adapter).rooms or ()] == [True])
            with running("ffmpeg", "-i", stream, "-f", "null", "-"):
                real.until(lambda: [r.participants for r in probed(adapter).rooms or ()] == [1])
    assert probed(adapter).state is State.DOWN


def test_janus_counts_makes_and_ends_its_rooms_by_the_admin_api(tmp_path: Path) -> None:
    real.need("janus")
    port, admin = free_port(), free_port()
    for name, words in JANUS.items():
        places = {"folder": tmp_path, "libraries": LIBRARIES, "port": port, "admin": admin}
        (tmp_path / name).write_text(words.format(**places))
    url, made = f"http://127.0.0.1:{admin}/admin", PLATFORMS["janus"].adapter
    with real.serving(admin, "janus", "-F", str(tmp_path)):
        plain = made(url, "s3cret", {"loopback_only": "1"})
        result = probed(plain)
        assert result.state is State.OK
        assert [(room.external_id, room.participants) for room in result.rooms or ()] == [
            ("1234", 0)
        ]
        assert {reading.name: reading.value for reading in result.readings}["sessions"] == 0
        wrong = probed(made(url, "wrong", {"loopback_only": "1"}))
        assert wrong.state is State.UNKNOWN
        assert "does not accept the secret" in str(wrong.why)
        assert isinstance(plain, RoomEnder)
        with pytest.raises(PlatformError, match="admin key or the room's secret"):
            plain.end("1234")
        keyed = made(url, "s3cret key own", {"loopback_only": "1"})
        assert isinstance(keyed, RoomEnder)
        assert isinstance(keyed, RoomMaker)
        keyed.create("55", "Physics", seats=30)
        assert {room.external_id for room in probed(keyed).rooms or ()} == {"1234", "77", "55"}
        for room in ("55", "1234"):
            assert keyed.exists(room)
            keyed.end(room)
            assert not keyed.exists(room)
        with pytest.raises(PlatformError) as gone:
            keyed.end("1234")
        assert gone.value.code == "notFound"
