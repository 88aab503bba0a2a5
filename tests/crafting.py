"""Speak Streamlit's websocket by hand: any message that a browser, or a forger, could send."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 120.0  # seconds for one run on a busy machine
SILENCE = 0.5  # seconds
MOST = 64 * 1024 * 1024  # bytes of one message


@dataclass
class Shown:
    """What one run sent: the elements as they came, and the last run's identifiers."""

    words: str = ""
    ids: dict[str, str] = field(default_factory=dict)  # widget: its label -> its id
    fragments: set[str] = field(default_factory=set)
    pages: dict[str, str] = field(default_factory=dict)  # address -> the page's hash
    status: str = ""


@dataclass
class Screen:
    wire: ClientConnection

    def run(
        self,
        *,
        page: str = "",
        query: str = "",
        fragment: str = "",
        widgets: Mapping[str, Any] | None = None,
    ) -> Shown:
        """Ask for a run with these states of widgets, and take all that it draws.

        A widget's value True is a click.
        """
        message = BackMsg()
        state = ClientState(query_string=query, page_script_hash=page, fragment_id=fragment)
        for id_, value in (widgets or {}).items():
            one = state.widget_states.widgets.add(id=id_)
            if value is True:
                one.trigger_value = True
            else:
                one.string_value = value
        message.rerun_script.CopyFrom(state)
        self.wire.send(message.SerializeToString())
        return self._taken(SILENCE if fragment else PATIENCE)

    def _taken(self, patience: float) -> Shown:
        """Until a run ends that is not followed at once by another one.

        A fragment that the session does not have is answered by silence.
        """
        shown = Shown()
        while True:
            message = ForwardMsg()
            try:
                got = self.wire.recv(timeout=patience)
            except TimeoutError:
                if patience == SILENCE:
                    return shown
                raise
            message.ParseFromString(got if isinstance(got, bytes) else got.encode())
            shown.words += f"{message}\n"
            _note(message, shown)
            if message.WhichOneof("type") == "script_finished":
                shown.status = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
                if "RERUN" not in shown.status:
                    return shown


@contextmanager
def opened(url: str, cookie: str) -> Iterator[Screen]:
    """A screen of whoever holds the cookie, from a page of ours as far as the server can see."""
    with connect(
        url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(url),
        additional_headers={"Cookie": f"pult_session={cookie}"},
        subprotocols=[Subprotocol("streamlit")],
        max_size=MOST,
    ) as wire:
        yield Screen(wire)


def _note(message: ForwardMsg, shown: Shown) -> None:
    for page in message.navigation.app_pages:
        shown.pages[page.url_pathname] = page.page_script_hash
    if message.delta.fragment_id:
        shown.fragments.add(message.delta.fragment_id)
    element = message.delta.new_element
    kind = element.WhichOneof("type")
    widget: Any = getattr(element, kind) if kind else None
    if getattr(widget, "id", "") and getattr(widget, "label", ""):
        shown.ids[widget.label] = widget.id
