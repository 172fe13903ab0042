"""The made-up pack of the report room serves the tests of the application too."""

import http.client
import shutil
import threading
import time
from contextlib import ExitStack, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import uvicorn

from threecircles.web import create_app

_spec = spec_from_file_location(
    "made_up_pack", Path(__file__).parents[1] / "report" / "conftest.py"
)
_made_up = module_from_spec(_spec)
_spec.loader.exec_module(_made_up)
context, pack, site = _made_up.context, _made_up.pack, _made_up.site


class Answer:
    """Status, headers and text of one answer."""

    def __init__(self, response, body):
        self.status_code, self.content = response.status, body
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.text = body.decode("utf-8", "replace")


class Client:
    """A reader without a browser: paths are sent as they stand."""

    def __init__(self, port, host="127.0.0.1"):
        self.port, self.host, self.address = port, host, f"http://127.0.0.1:{port}"

    def send(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True)
        given = {"Host": f"{self.host}:{self.port}", "Content-Length": len(body or b"")} | (
            headers or {}
        )
        for name, value in given.items():
            connection.putheader(name, str(value))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response, response.read())
        connection.close()
        return answer

    def get(self, path, headers=None):
        return self.send("GET", path, headers)

    def post(self, path, data, files=(), headers=None):
        """A form with files: [(name, filename, bytes)]."""
        edge = "----made-up-edge"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
            for k, v in data.items()
        ]
        for name, filename, content in files:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
            parts.append(head.encode() + content + b"\r\n")
        body = b"".join(parts) + f"--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.send("POST", path, kind | (headers or {}), body)


@contextmanager
def serving(app):
    """The application on a free port of this machine, ended with the block."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Client(port)
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def released(site, tmp_path):
    """A workspace whose release folder holds the made-up pack."""
    shutil.copytree(site, tmp_path / "release")
    (tmp_path / "secret.txt").write_text("canary")
    return tmp_path


@pytest.fixture
def client(released):
    """A reader of that workspace."""
    with serving(create_app(released)) as reader:
        yield reader


@pytest.fixture
def serve():
    """A function that serves an application for one test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


@pytest.fixture(scope="module")
def address(site, tmp_path_factory):
    """The made-up pack, released and served on this machine."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(site, folder / "release")
    with serving(create_app(folder)) as reader:
        yield reader.address
