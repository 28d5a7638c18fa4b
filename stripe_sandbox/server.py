"""The door: HTTP on the loopback, one thread for each connection."""

from __future__ import annotations

import json
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from stripe_sandbox import addresses, control, pages
from stripe_sandbox.api import Answer, Request, answer
from stripe_sandbox.delivery import Postman, Ticker
from stripe_sandbox.store import Obj, Store
from stripe_sandbox.world import Settings, World

LARGEST_BODY = 1_000_000
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    server: Server

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self._body()
        if body is None:
            return
        url = urlsplit(self.path)
        if not self._is_addressed_to_us():
            self._json(403, {"error": {"message": "This sandbox answers on the loopback only."}})
        elif url.path == "/healthz":
            self._send(200, "ok", "text/plain; charset=utf-8")
        elif url.path.startswith("/_sandbox/"):
            self._json(
                *control.handle(
                    self.server.world, self.server.postman, self.command, url.path, body
                )
            )
        elif url.path.startswith(("/v1/", "/v2/")):
            request = Request(self.command, url.path, url.query, body, self.headers)
            self._answer(answer(self.server.world, request))
        else:
            page = pages.show(self.server.world, self.command, url.path, body)
            self._send(page.status, page.body, page.content_type, page.headers)

    def _is_addressed_to_us(self) -> bool:
        """A page elsewhere may make its own name point here: answer to ours only."""
        own = urlsplit(self.server.world.settings.base_url).hostname
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in OWN_NAMES | {own}

    def _body(self) -> str | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._json(413, {"error": {"message": "The body is too large."}})
            return None
        try:
            return self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            self._json(400, {"error": {"message": "The body is not UTF-8."}})
            return None

    def _answer(self, given: Answer) -> None:
        if given.hang is not None:
            time.sleep(given.hang)
            self._hang_up()
            return
        data = self._packed(given.status, given.body, "application/json", given.headers)
        if given.cut:
            self.wfile.write(data[: -len(given.body.encode()) // 2])
            self._hang_up()
            return
        self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _json(self, status: int, body: Obj) -> None:
        self._send(status, json.dumps(body, indent=2), "application/json")

    def _send(
        self, status: int, body: str, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.wfile.write(self._packed(status, body, kind, headers or {}))

    def _packed(self, status: int, body: str, kind: str, headers: dict[str, str]) -> bytes:
        """Head and body in one write: two would wait for each other's acknowledgement."""
        data = body.encode()
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        head = {"Content-Type": kind, "Content-Length": str(len(data)), **headers}
        if self.close_connection:
            head["Connection"] = "close"
        lines += [f"{name}: {' '.join(value.split())}" for name, value in head.items()]
        packed = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return packed if self.command == "HEAD" else packed + data

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: a request a line would be most of the work."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, port: int, store_path: str | None = None, **options: Any) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        options.setdefault("base_url", f"http://127.0.0.1:{self.server_address[1]}")
        self.world = World(Store(store_path), Settings(**options))
        addresses.configure(self.world)
        self.postman, self.ticker = Postman(self.world), Ticker(self.world)
        self.world.deliver_now = self.postman.deliver_due
        self._workers = [threading.Thread(target=self.ticker.run, name="ticker", daemon=True)]
        if self.world.settings.deliver_by_itself:
            self._workers.append(
                threading.Thread(target=self.postman.run, name="postman", daemon=True)
            )

    def serve(self, poll_interval: float = 0.1) -> None:
        """Until ``stop`` is called from another thread."""
        for thread in self._workers:
            thread.start()
        self.serve_forever(poll_interval)
        self.server_close()
        for thread in self._workers:
            thread.join(timeout=15)
        self.world.store.close()

    def stop(self) -> None:
        self.ticker.stop()
        self.postman.stop()
        self.shutdown()
