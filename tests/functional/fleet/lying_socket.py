"""A socket that answers whatever it is sent with the same bytes."""

import contextlib
import socket
import threading
import time


class LyingSocket:
    """Stands where a server of the board is looked for, until it is left."""

    def __init__(self, answer):
        self.answer = answer
        self._socket = socket.create_server(('127.0.0.1', 0))
        self.port = self._socket.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *ignored):
        # Else whoever accepts is not woken.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._socket.accept()
                threading.Thread(
                    target=self._talk, args=[one], daemon=True
                ).start()

    def _talk(self, one):
        with one, contextlib.suppress(OSError):
            while one.recv(65536):
                self.send_answer(one)

    def send_answer(self, one):
        one.sendall(self.answer)


class DrippingSocket(LyingSocket):
    """One that sends its answer byte by byte, none of which is late."""

    def send_answer(self, one):
        for byte in self.answer:
            one.sendall(bytes([byte]))
            time.sleep(0.3)


def write_http(body, status='200 OK'):
    """Give an answer of etcd's gateway, in JSON or not."""
    lines = (
        f'HTTP/1.1 {status}',
        'Content-Type: application/json',
        f'Content-Length: {len(body)}',
    )
    return '\r\n'.join([*lines, '', '']).encode() + body
