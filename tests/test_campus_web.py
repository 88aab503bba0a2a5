"""The campus's sites answer at once."""

import asyncio
import socket

from platforms.campus.web import listen


async def sent_at_once() -> bool:
    """Whether a connection that the listener accepts sends small pieces without waiting."""
    accepted: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer.get_extra_info("socket"))

    listener = listen(0)
    async with await asyncio.start_server(take, sock=listener):
        with socket.create_connection(listener.getsockname()):
            answering = await accepted
            return bool(answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    assert asyncio.run(sent_at_once())
