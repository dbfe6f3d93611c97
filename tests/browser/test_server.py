"""The server of the browser tests itself."""

import pytest

from .conftest import Server

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


def test_a_server_that_does_not_come_leaves_nothing_behind(tmp_path, monkeypatch):
    made = []

    def not_there(self):
        made.append(self)
        raise RuntimeError("not there")

    monkeypatch.setattr(Server, "_wait", not_there)
    with pytest.raises(RuntimeError, match="not there"):
        Server(tmp_path, "server")
    assert made[0].process.poll() is not None
    assert made[0].log.closed
