"""HTTP over a bare socket: what is signed goes out byte for byte, and nothing is added."""

import http.client
import socket
from urllib.parse import urlsplit


class RawConnection:
    """One kept connection; it opens again when the server has closed it."""

    def __init__(self, endpoint):
        parts = urlsplit(endpoint)
        self.host = parts.netloc
        self._address = (parts.hostname, parts.port)
        self._socket = None

    def send(self, method, target, headers, body):
        """headers: name and value, whose characters stand for bytes. Answers status and body."""
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=30)
        self._socket.sendall("\r\n".join(lines + ["", ""]).encode("latin-1") + body)
        response = http.client.HTTPResponse(self._socket, method=method)
        response.begin()
        content = response.read()
        if response.will_close:
            self.close()
        return response.status, content

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None
