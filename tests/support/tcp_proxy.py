"""A TCP proxy on 127.0.0.1 that can watch, cut, stall and refuse; and one that counts MongoDB's commands.

    with TcpProxy(("127.0.0.1", port)) as proxy:   # connect to proxy.port
        proxy.cut()         breaks all connections now
        proxy.stall()       passes nothing on, until proxy.go()
        proxy.refuse()      new connections are closed at once, until proxy.go()
"""
import contextlib
import socket
import struct
import threading
from collections import Counter


class TcpProxy:
    def __init__(self, target):
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets = set()
        self._flow = threading.Event()
        self._flow.set()
        self._refusing = self._closed = False
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def watcher(self):
        """What sees the client's bytes of one connection: called with each piece. None for no watching."""
        return None

    def reply_watcher(self):
        """The same for the server's bytes. Either may raise OSError: the piece is lost and the connection cut."""
        return None

    def cut(self):
        with self._lock:
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def stall(self):
        self._flow.clear()

    def refuse(self):
        self._refusing = True
        self.cut()

    def go(self):
        self._refusing = False
        self._flow.set()

    def close(self):
        self._closed = True
        self._listener.close()
        self.go()
        self.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        if self._refusing:
            client.close()
            return
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self.connections += 1
            self._sockets |= {client, server}
        back = threading.Thread(target=self._pump, args=(server, client, self.reply_watcher()), daemon=True)
        back.start()
        self._pump(client, server, self.watcher())
        back.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _pump(self, source, sink, watch):
        with contextlib.suppress(OSError):
            for one in (source, sink):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while piece := source.recv(65536):
                if watch:
                    watch(piece)
                self._flow.wait()
                sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class MongoProxy(TcpProxy):
    """Counts what clients ask of MongoDB: commands["find hc_slots"], commands["insert users"], …

    The driver's own talk (hello, ping, endSessions) is not counted.
    """

    OWN = {"hello", "ismaster", "isMaster", "ping", "endSessions", "buildInfo"}
    OP_MSG = 2013

    def __init__(self, target):
        self.commands = Counter()
        super().__init__(target)

    @property
    def total(self):
        return sum(self.commands.values())

    def reset(self):
        with self._lock:
            self.commands.clear()

    def watcher(self):
        waiting = bytearray()

        def watch(piece):
            waiting.extend(piece)
            while len(waiting) >= 16:
                length, _, _, code = struct.unpack_from("<iiii", waiting)
                if len(waiting) < length:
                    return
                if code == self.OP_MSG:
                    self._note(bytes(waiting[16:length]))
                del waiting[:length]
        return watch

    def _note(self, message):
        """The first element of the body section is the command: its name, and mostly the collection."""
        kind, body = message[4], message[5:]
        if kind != 0 or len(body) < 6:
            return
        end = body.index(0, 5)
        name, value = body[5:end].decode(), ""
        if body[4] == 2:
            (length,) = struct.unpack_from("<i", body, end + 1)
            value = " " + body[end + 5:end + 4 + length].decode()
        if name not in self.OWN:
            with self._lock:
                self.commands[name + value] += 1
