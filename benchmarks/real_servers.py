"""Real servers of Debian's packages on loopback, each to be killed, frozen and begun anew."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests import real
from tests.running import free_port

NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
rtmp {{ server {{ listen 127.0.0.1:{rtmp}; application live {{
    live on; hls on; hls_path {folder}/hls; hls_fragment 2s; hls_playlist_length 12s; }} }} }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{http}; location / {{ root {folder}/hls; }}
        location = /health {{ return 200 "well"; }} }} }}
"""
JANUS = (
    'general: {{ http = true port = {port} ip = "127.0.0.1" https = false }}\n'
    'admin: {{ admin_http = true admin_port = {admin} admin_ip = "127.0.0.1" }}\n'
)
PICTURE = [
    *("-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15"),
    *("-f", "lavfi", "-i", "sine"),
    *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30"),
    *("-c:a", "aac", "-f", "flv"),
]
PATIENCE = 20.0  # seconds until a server listens


@dataclass
class Server:
    """A program that can be ended without a word, stopped in its tracks, and begun anew."""

    command: list[str]
    ready: Callable[[], bool]
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        program = real.find(self.command[0])
        if program is None:
            raise SystemExit(f"{self.command[0]} is not installed")
        self.process = subprocess.Popen(
            [program, *self.command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{self.command[0]} does not start")
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()  # also ends one that is stopped
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)


def listening(port: int) -> Callable[[], bool]:
    return lambda: real.listens(port)


def nginx(folder: Path, http: int, rtmp: int) -> Server:
    (folder / "hls").mkdir(parents=True, exist_ok=True)
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, rtmp=rtmp, http=http))
    return Server(["nginx", "-p", str(folder), "-c", str(conf)], listening(http))


def encoder(rtmp: int, playlist: Path) -> Server:
    """ffmpeg; ready when its playlist is there anew."""

    def ready() -> bool:
        return playlist.exists() and time.time() - playlist.stat().st_mtime < 1

    return Server(["ffmpeg", *PICTURE, f"rtmp://127.0.0.1:{rtmp}/live/{playlist.stem}"], ready)


def coturn(port: int, password: str) -> Server:
    options = [
        *("-n", "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--pidfile=/dev/null"),
        *("--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}"),
        *("--lt-cred-mech", f"--user=probe:{password}", "--realm=x", "--allow-loopback-peers"),
    ]
    return Server(["turnserver", *options], listening(port))


def relay(port: int) -> Server:
    """A mail relay that takes all and keeps nothing."""
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink"]
    return Server([*command, "-l", f"127.0.0.1:{port}"], listening(port))


def janus(folder: Path, port: int, admin: int, secret: str) -> Server:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "janus.transport.http.jcfg").write_text(JANUS.format(port=port, admin=admin))
    (folder / "janus.jcfg").write_text(
        f'general: {{ server_name = "bench" admin_secret = "{secret}" }}\n'
        'plugins: { disable = "libjanus_lua.so,libjanus_duktape.so,libjanus_sip.so" }\n'
        'transports: { disable = "libjanus_rabbitmq.so,libjanus_mqtt.so,libjanus_nanomsg.so,'
        'libjanus_pfunix.so,libjanus_websockets.so" }\n'
    )
    command = ["janus", "-F", str(folder), "-C", str(folder / "janus.jcfg"), "--disable-colors"]
    return Server(command, listening(port))


def ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]
