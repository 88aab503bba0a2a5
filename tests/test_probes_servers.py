"""The probers against real servers: nginx-rtmp fed by ffmpeg, and coturn."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from probes import check, target_of
from probes.model import State, Target
from tests import real
from tests.patience import PATIENCE
from tests.running import free_port

pytestmark = pytest.mark.servers

NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{rtmp}; application live {{
    live on; hls on; hls_path {folder}/hls; hls_fragment 2s; hls_playlist_length 12s; }} }} }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{http}; location / {{ root {folder}/hls; }} }} }}
"""
PICTURE = [
    *("-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=15"),
    *("-f", "lavfi", "-i", "sine"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30"),
    *("-c:a", "aac", "-f", "flv"),
]


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    program = real.find(command[0])
    assert program is not None
    process = subprocess.Popen(
        [program, *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def settled(target: Target, state: State) -> None:
    """Until a probe of the target finds the state."""
    until = time.monotonic() + PATIENCE
    while (result := check(target, timeout=20)).state is not state:
        assert time.monotonic() < until, f"{result.state}: {result.why}"
        time.sleep(0.2)


def test_a_real_stream_is_ok_until_its_encoder_dies_while_the_server_says_200(
    tmp_path: Path,
) -> None:
    real.need("nginx", "ffmpeg")
    rtmp, http = free_port(), free_port()
    (tmp_path / "hls").mkdir()
    conf = tmp_path / "nginx.conf"
    conf.write_text(NGINX.format(folder=tmp_path, rtmp=rtmp, http=http))
    page = target_of(f"http://127.0.0.1:{http}/x.m3u8")
    with real.serving(rtmp, "nginx", "-p", str(tmp_path), "-c", str(conf)):
        live = target_of(f"rtmp://127.0.0.1:{rtmp}/live/x")
        with running("ffmpeg", *PICTURE, live.address):
            settled(page, State.OK)
            assert check(live, timeout=20).state is State.OK
        settled(page, State.DOWN)
        plain = check(target_of(page.address, prober="http"), timeout=20)
        assert plain.state is State.OK
        assert "Nobody sends" in str(check(live, timeout=3).why)
        assert check(target_of(f"rtmp://127.0.0.1:{rtmp}/live"), timeout=20).state is State.OK
        gone = check(target_of(f"rtmp://127.0.0.1:{rtmp}/gone"), timeout=20)
        assert "closes the connection to the application gone" in str(gone.why)
    assert check(page, timeout=20).state is State.DOWN


def test_coturn_answers_a_binding() -> None:
    real.need("turnserver")
    port = free_port()
    options = [
        *("-n", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--pidfile=/dev/null"),
        *("--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}"),
        *("--lt-cred-mech", "--user=probe:secret", "--realm=x"),
    ]
    target = target_of(f"stun:127.0.0.1:{port}")
    with running("turnserver", *options):
        settled(target, State.OK)
    assert check(target, timeout=1).state is State.DOWN
