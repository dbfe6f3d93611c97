"""A real JupyterLab on a loopback port, driven by Debian's Chromium through Playwright."""

import ast
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = (
    os.environ.get("SEGXAI_CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
)
# What makes of Voilà's pages those of the application, which ask no other host.
APPLICATION = dict.fromkeys(
    ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"), str(ROOT / "binder" / "jupyter")
)
PICTURES = ROOT / "screenshots"  # screenshots of the run, looked at by people


def pytest_collection_modifyitems(items):
    for item in items:  # a file's server and pages are made once, by one process
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker(
            "xdist_group"
        ):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    if CHROMIUM is None:
        skip = pytest.mark.skip(
            reason="Chromium is missing; on Debian: apt-get install chromium "
            "(or set SEGXAI_CHROMIUM)"
        )
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    return {
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--force-color-profile=srgb",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args():
    return {"viewport": {"width": 1280, "height": 900}}


# Python that takes what the page sets a while after it was sent, as across the internet.
SLOW = """
import time
def slow(state, take=canvas.set_state):
    time.sleep(0.25)
    take(state)
canvas.set_state = slow
"""

HERE = ("http://127.0.0.1:", "ws://127.0.0.1:", "file:", "data:", "blob:", "about:")


@contextlib.contextmanager
def asking_no_other_host(page):
    """A page, or a browser's context: JupyterLab, the application or a file."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    assert [url for url in asked if not url.startswith(HERE)] == []


@pytest.fixture
def page(page):
    with asking_no_other_host(page):
        yield page


class Server:
    """A Jupyter server of its own folder; nothing of the user's is read or changed."""

    def __init__(self, folder: Path, command="lab", **more):
        self.folder, self.token = folder, secrets.token_hex(16)
        (folder / "runtime").mkdir(parents=True)
        (folder / "work").mkdir()
        news = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
        news.parent.mkdir(parents=True)
        news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            **more,
        }
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter", command, "--no-browser",
             "--ip=127.0.0.1", f"--port={self.port}",
             "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}", "--allow-root",
             f"--ServerApp.root_dir={folder / 'work'}", "--LabApp.expose_app_in_browser=True"],
            stdout=self.log, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip
        try:
            self._wait()
        except BaseException:  # nobody holds it yet who could stop it
            self.stop()
            raise

    def _wait(self):
        deadline = time.monotonic() + 180  # machines are busy at times
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=2)
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise RuntimeError(
            "The server did not start:\n" + (self.folder / "server.log").read_text()[-2000:]
        )

    def api(self, path, method="GET", content=None):
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            None if content is None else json.dumps(content).encode(),
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )  # fmt: skip
        body = urllib.request.urlopen(request, timeout=30).read()
        return json.loads(body) if body else None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.stop()


class Notebook:
    """An open notebook: its page, and its kernel's values."""

    def __init__(self, server: Server, page, name: str):
        self.server, self.page, self.name = server, page, name
        self.sent = []  # what the page sent to the kernel
        page.on(
            "websocket",
            lambda socket: socket.on("framesent", lambda frame: self.sent.append(frame)),
        )

    def open(self, theme="light"):
        self.page.goto(f"{self.server.url}/doc/tree/{self.name}?token={self.server.token}")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=240_000)
        self.page.evaluate(
            "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.ready; }"
        )
        return self.theme(theme)

    def theme(self, theme):
        light = theme == "light"
        if self.page.evaluate("document.body.dataset.jpThemeLight") != str(light).lower():
            self._command("apputils:change-theme", {"theme": f"JupyterLab {theme.capitalize()}"})
            self.page.wait_for_function(
                f"document.body.dataset.jpThemeLight === '{str(light).lower()}'"
            )
        return self

    def run_all(self):
        """Start every cell, without waiting for the end."""
        self._command("notebook:run-all-cells", {})
        return self

    def run(self, command, **arguments):
        """A command of JupyterLab, to its end."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)", [command, arguments]
        )

    def restart(self):
        """Restart the kernel as the page's own button does.

        Of a restart from elsewhere, a page may miss the news.
        """
        self.page.evaluate(
            "() => { window.jupyterapp.shell.currentWidget.sessionContext.session"
            ".kernel.restart(); }"
        )

    def sent_to_kernel(self):
        """The kinds of messages of widgets and cells that the page sent to the kernel."""
        texts = [
            frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
            for frame in self.sent
        ]
        kinds = ("comm_msg", "comm_open", "execute_request")
        return [
            kind
            for text in texts
            for kind in kinds
            if f'"msg_type":"{kind}"' in text.replace(" ", "")
        ]

    def session(self):
        return next(s for s in self.server.api("sessions") if s["path"] == self.name)

    def value(self, expression: str, setup: str = ""):
        """The value of a Python expression in the notebook's kernel, through JSON."""
        from jupyter_client import BlockingKernelClient

        client = BlockingKernelClient(
            connection_file=str(
                self.server.folder / "runtime" / f"kernel-{self.session()['kernel']['id']}.json"
            )
        )
        client.load_connection_file()
        client.start_channels(
            hb=False
        )  # no heartbeat: its thread may still be starting when all is closed again
        try:
            # The answer comes with the reply: what is printed could be missed by a client that has
            # just joined.
            reply = client.execute(
                setup, store_history=False, reply=True, timeout=120,
                user_expressions={"value": f"__import__('json').dumps({expression})"},
            )["content"]  # fmt: skip
            assert reply["status"] == "ok", reply
            answer = reply["user_expressions"]["value"]
            assert answer["status"] == "ok", answer
            return json.loads(ast.literal_eval(answer["data"]["text/plain"]))
        finally:
            client.stop_channels()
            client.context.destroy(
                linger=0
            )  # else its sockets stay open until Python happens to collect it

    def wait_value(self, expression, wanted, timeout=30):
        """Waits until the expression has the wanted value in the kernel."""
        deadline = time.monotonic() + timeout
        while (got := self.value(expression)) != wanted:
            assert time.monotonic() < deadline, f"{expression} is {got!r}, not {wanted!r}"
            self.page.wait_for_timeout(200)

    def picture(self, name):
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def _command(self, name, arguments):
        self.page.evaluate(
            "([name, args]) => { window.jupyterapp.commands.execute(name, args); }",
            [name, arguments],
        )


def write_notebook(server, *cells, name=None) -> str:
    """A notebook of these code cells in the server's folder; its name."""
    import nbformat

    name = name or f"n{secrets.token_hex(4)}.ipynb"
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    nbformat.write(document, server.folder / "work" / name)
    return name


def close_notebook(book):
    book.page.close()
    for session in book.server.api("sessions"):
        if session["path"] == book.name:
            with contextlib.suppress(
                urllib.error.HTTPError
            ):  # a kernel that is still starting cannot be stopped
                book.server.api(f"sessions/{session['id']}", "DELETE")


def findings(page, selector="html"):
    """What axe finds wrong for people who use assistive technology.

    [(rule, impact, HTML of its places)]
    """
    from axe_playwright_python.sync_playwright import Axe

    context = {"include": [[selector]]}
    found = Axe().run(page, context=context).response["violations"]
    return [(v["id"], v["impact"], [n["html"][:200] for n in v["nodes"]]) for v in found]


def serious_findings(page, selector):
    """What axe finds seriously wrong."""
    return [each for each in findings(page, selector) if each[1] in ("serious", "critical")]


class Desk:
    """Notebooks after one another, in one kernel and one browser.

    The kernel has its imports already, and the browser has JupyterLab in its cache.
    """

    def __init__(self, server, browser):
        self.server, self.session = server, None
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})

    def open(self, name, theme):
        place = {"path": name, "name": name, "type": "notebook"}
        if self.session is None:
            self.session = self.server.api(
                "sessions", "POST", {**place, "kernel": {"name": "python3"}}
            )["id"]
        else:
            self.server.api(f"sessions/{self.session}", "PATCH", place)
        return Notebook(self.server, self.context.new_page(), name).open(theme)

    def clear(self, book):
        """Leave nothing of a notebook to the next: page, running cell, widgets and names."""
        book.page.close()
        try:
            self.server.api(f"kernels/{book.session()['kernel']['id']}/interrupt", "POST")
            book.value(
                "None",
                "import ipywidgets; ipywidgets.Widget.close_all()\n"
                "get_ipython().run_line_magic('reset', '-f')",
            )
        except Exception:  # a kernel in such a state is not for the next
            self.end()

    def end(self):
        if self.session is not None:
            with contextlib.suppress(urllib.error.HTTPError):
                self.server.api(f"sessions/{self.session}", "DELETE")
        self.session = None


@pytest.fixture(scope="module")
def desk(server, browser):
    desk = Desk(server, browser)
    with asking_no_other_host(desk.context):
        yield desk
    desk.end()
    desk.context.close()


@pytest.fixture
def notebook(server, desk):
    """A function (cells, theme) -> an open Notebook with these code cells, not yet run."""
    opened = []

    def make(*cells, name=None, theme="light"):
        opened.append(desk.open(write_notebook(server, *cells, name=name), theme))
        return opened[-1]

    yield make
    for book in opened:
        desk.clear(book)


@pytest.fixture(scope="module")
def shared_notebook(server, browser):
    """The same for all tests of a file, which then share one kernel.

    Starting one takes longer than most tests.
    """
    opened = []

    def make(*cells):
        page = counted.enter_context(
            asking_no_other_host(browser.new_page(viewport={"width": 1280, "height": 900}))
        )
        opened.append(Notebook(server, page, write_notebook(server, *cells)))
        return opened[-1].open()

    with contextlib.ExitStack() as counted:
        yield make
        for book in opened:
            close_notebook(book)
