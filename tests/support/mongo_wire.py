"""A proxy before MongoDB that understands its commands, for faults that a real server can't be made to show.

    class Refusing(WireProxy):
        def on_command(self, command): …    None: it is passed on; a dict: passed on as that; an Answer: not passed on
        def on_reply(self, command, reply): …   the reply, as the client is to get it

Either may raise ConnectionResetError: the connection is cut there. A command has its documents in itself, as if it had
been sent in one piece. What is no OP_MSG passes unseen.
"""
import socket
import struct

import bson

from support.tcp_proxy import TcpProxy

OP_MSG = 2013
TALK = {"hello", "ismaster", "isMaster", "ping", "endSessions", "buildInfo", "getMore"}


class Answer(dict):
    """A reply of the proxy's own."""


def refusal(code, *labels):
    return Answer(ok=0.0, errmsg="so it was told", code=code, codeName="Told", **({"errorLabels": list(labels)} if labels else {}))


def name_of(command):
    """"find users", "update hc_slots", …"""
    name = next(iter(command))
    return f"{name} {command[name]}"


def is_talk(command):
    return next(iter(command)) in TALK


def _read(sock):
    """One message: (header and all, opcode); None at the end."""
    head = _read_exactly(sock, 16)
    if head is None:
        return None
    length, _, _, code = struct.unpack("<iiii", head)
    rest = _read_exactly(sock, length - 16)
    return None if rest is None else (head + rest, code)


def _read_exactly(sock, count):
    parts = bytearray()
    while len(parts) < count:
        piece = sock.recv(count - len(parts))
        if not piece:
            return None
        parts += piece
    return bytes(parts)


def _decode(message):
    flags, at, document = struct.unpack_from("<I", message, 16)[0], 20, {}
    end = len(message) - (4 if flags & 1 else 0)
    while at < end:
        kind, at = message[at], at + 1
        (size,) = struct.unpack_from("<i", message, at)
        section, at = message[at:at + size], at + size
        if kind == 0:
            document.update(bson.decode(section))
        else:
            name_end = section.index(0, 4)
            document[section[4:name_end].decode()] = bson.decode_all(section[name_end + 1:])
    return document


def _encode(document, request_id, response_to):
    body = bson.encode(document)
    return struct.pack("<iiiiIB", 21 + len(body), request_id, response_to, OP_MSG, 0, 0) + body


class WireProxy(TcpProxy):
    def on_command(self, command):
        return None

    def on_reply(self, command, reply):
        return reply

    def _serve(self, client):
        """One question, one answer, as drivers without streams talk."""
        try:
            with client, socket.create_connection(self.target, timeout=30) as server:
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._sockets |= {client, server}
                while self._one(client, server):
                    pass
        except OSError:
            pass
        finally:
            with self._lock:
                self._sockets.discard(client)

    def _one(self, client, server):
        asked = _read(client)
        if asked is None:
            return False
        message, code = asked
        command = _decode(message) if code == OP_MSG else None
        if command is not None and not is_talk(command):
            told = self.on_command(command)
            if isinstance(told, Answer):
                client.sendall(_encode(told, 1, struct.unpack_from("<i", message, 4)[0]))
                return True
            if told is not None:
                message = _encode(told, struct.unpack_from("<i", message, 4)[0], 0)
        server.sendall(message)
        replied = _read(server)
        if replied is None:
            return False
        reply, code = replied
        if command is not None and code == OP_MSG and not is_talk(command):
            request_id, response_to = struct.unpack_from("<ii", reply, 4)
            reply = _encode(self.on_reply(command, _decode(reply)), request_id, response_to)
        client.sendall(reply)
        return True
