"""A web server on loopback that stands for the outside, and can be as bad as the outside is."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Server:
    """What it serves, and how: `files` by path; `fault` in place of the file that `at` ends the path of."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.fault, self.at = "", ""
        self.stalled = threading.Event()  # half of the file has been sent, and no more will be
        self.release = threading.Event()  # ends what stalls
        self.asked: list[str] = []
        self.url = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        self.asked.append(path)
        fault = self.fault if self.at and path.endswith(self.at) else ""
        body = self.files.get(path)
        if fault in ("404", "500") or body is None:
            request.send_error(int(fault or 404))
            return
        if fault == "wrong bytes":
            body = b"<html>Please log in</html>"
        request.send_response(200)
        if fault == "endless":
            request.end_headers()
            while not self.release.is_set():
                request.wfile.write(bytes(1 << 16))
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if fault not in ("truncated", "stalls"):
            request.wfile.write(body)
            return
        request.wfile.write(body[: len(body) // 2])
        request.wfile.flush()
        if fault == "stalls":
            self.stalled.set()
            self.release.wait()


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs while the block does."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):
                server.answer(self)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            http.shutdown()
            thread.join()
