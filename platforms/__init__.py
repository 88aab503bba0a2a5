"""The platforms that Pult can work with: one row each."""

from platforms import (
    bigbluebutton,
    discourse,
    ejabberd,
    janus,
    jitsi,
    livekit,
    matrix,
    mediamtx,
    moodle,
    nginx_rtmp,
    openedx,
)
from platforms.base import N_, Platform
from platforms.bigbluebutton import BigBlueButton
from platforms.discourse import Discourse
from platforms.ejabberd import Ejabberd
from platforms.janus import Janus
from platforms.jitsi import Jitsi
from platforms.livekit import LiveKit
from platforms.matrix import Matrix
from platforms.mediamtx import MediaMtx
from platforms.moodle import Moodle
from platforms.nginx_rtmp import NginxRtmp
from platforms.openedx import OpenEdx

PASSWORD = N_("Password, if it asks for one")

PLATFORMS: dict[str, Platform] = {
    "moodle": Platform(
        "Moodle",
        Moodle,
        N_("Web service token"),
        moodle.OPTIONS,
        moodle.WORDS,
        course_page="/course/view.php?id={id}",
    ),
    "bigbluebutton": Platform(
        "BigBlueButton",
        BigBlueButton,
        N_("Shared secret"),
        bigbluebutton.OPTIONS,
        bigbluebutton.WORDS,
    ),
    "jitsi": Platform("Jitsi", Jitsi, PASSWORD, jitsi.OPTIONS, jitsi.WORDS, secret_needed=False),
    "janus": Platform(
        "Janus",
        Janus,
        N_("Admin secret, admin key, rooms' secret: with spaces between them"),
        janus.OPTIONS,
    ),
    "livekit": Platform(
        "LiveKit", LiveKit, N_("API secret"), livekit.OPTIONS, livekit.WORDS, secret_needed=False
    ),
    "mediamtx": Platform(
        "MediaMTX", MediaMtx, PASSWORD, mediamtx.OPTIONS, mediamtx.WORDS, secret_needed=False
    ),
    "nginx-rtmp": Platform(
        "nginx-rtmp", NginxRtmp, PASSWORD, nginx_rtmp.OPTIONS, nginx_rtmp.WORDS, secret_needed=False
    ),
    "openedx": Platform(
        "Open edX",
        OpenEdx,
        N_("Secret of the OAuth application, or a token"),
        openedx.OPTIONS,
        openedx.WORDS,
        course_page="/courses/{id}/course/",
    ),
    "matrix": Platform("Matrix", Matrix, N_("Access token"), matrix.OPTIONS, matrix.WORDS),
    "discourse": Platform(
        "Discourse",
        Discourse,
        N_("API key, then the webhook's secret: with a space between them"),
        discourse.OPTIONS,
        discourse.WORDS,
    ),
    "ejabberd": Platform(
        "ejabberd",
        Ejabberd,
        N_("Password of the account, or an OAuth token"),
        ejabberd.OPTIONS,
        ejabberd.WORDS,
    ),
}
