"""The server around an app: what its sockets do."""

import asyncio
import socket

from starlette.responses import Response

from local.host.server import Server, listen


async def test_an_answer_is_not_held_back_until_its_first_packet_is_acknowledged() -> None:
    listener = listen(0)
    server = Server(Response("here"), listener, grace=1)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await reader.readuntil(b"here")
        [connection] = server._server.server_state.connections
        assert connection.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()
    finally:
        await server.stop()
