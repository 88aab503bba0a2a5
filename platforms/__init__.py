"""The platforms that Pult can work with: one row each."""

from platforms.base import N_, Platform
from platforms.bigbluebutton import OPTIONS as BIGBLUEBUTTON_OPTIONS
from platforms.bigbluebutton import BigBlueButton
from platforms.moodle import OPTIONS as MOODLE_OPTIONS
from platforms.moodle import Moodle

PLATFORMS: dict[str, Platform] = {
    "moodle": Platform("Moodle", Moodle, N_("Web service token"), MOODLE_OPTIONS),
    "bigbluebutton": Platform(
        "BigBlueButton", BigBlueButton, N_("Shared secret"), BIGBLUEBUTTON_OPTIONS
    ),
}
