"""Browsers with the dashboard open, many of them in one process: each polls /v1/counts over a connection of its own.

    seen = poll(http, browsers=200, seconds=12)
    seen.statuses, seen.bytes[304], seen.waits, seen.late_ms(0.99), seen.failures

Like www/js/poll.js each says the ETag that it had, and waits as long as the answer wishes before it asks again
(with obey=False: a second). Their first polls are spread over the first second.
"""
import asyncio
import time
from collections import Counter, defaultdict


class Seen:
    """What all browsers got."""

    def __init__(self):
        self.statuses = Counter()
        self.bytes = defaultdict(list)  # {status: [of each answer on the wire]}
        self.ms = []                    # of each answer
        self.waits = []                 # (when, Poll-Interval of each answer)
        self.versions = set()
        self.failures = []

    def late_ms(self, part):
        return sorted(self.ms)[min(len(self.ms) - 1, int(len(self.ms) * part))]

    @property
    def polls(self):
        return sum(self.statuses.values())


async def _ask(reader, writer, head, tag):
    """One poll: (status, headers, bytes)."""
    writer.write(f"{head}If-None-Match: {tag}\r\n\r\n".encode() if tag else f"{head}\r\n".encode())
    await writer.drain()
    got = await reader.readuntil(b"\r\n\r\n")
    lines = got.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    status = int(lines[0].split()[1])
    length = 0 if status == 304 else int(fields["content-length"])
    body = await reader.readexactly(length)
    return status, fields, len(got) + len(body)


async def _browse(http, seen, first, end, obey):
    head = f"GET /v1/counts HTTP/1.1\r\nHost: {http.host}:{http.port}\r\n"
    tag, writer = None, None
    await asyncio.sleep(first)
    try:
        while time.monotonic() < end:
            began = time.monotonic()
            if writer is None:
                reader, writer = await asyncio.open_connection(http.host, http.port)
            status, fields, size = await _ask(reader, writer, head, tag)
            seen.statuses[status] += 1
            seen.bytes[status].append(size)
            seen.ms.append((time.monotonic() - began) * 1000)
            seen.waits.append((began, int(fields["poll-interval"])))
            tag = fields["etag"]
            seen.versions.add(tag)
            if fields.get("connection") == "close":
                writer.close()
                writer = None
            await asyncio.sleep(seen.waits[-1][1] / 1000 if obey else 1)
    except (OSError, ValueError, KeyError, asyncio.IncompleteReadError) as error:
        seen.failures.append(repr(error))
    finally:
        if writer:
            writer.close()


async def _all(http, seen, browsers, seconds, obey):
    end = time.monotonic() + seconds
    await asyncio.gather(*(_browse(http, seen, n / browsers, end, obey) for n in range(browsers)))


def poll(http, browsers, seconds, obey=True):
    seen = Seen()
    asyncio.run(_all(http, seen, browsers, seconds, obey))
    return seen
