"""The application around the explorer: what a change of photograph leaves, what is brought."""

import io
import threading

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances  # every widget that is not closed
from PIL import Image

import segxai
from segxai.widgets.app import LARGEST_UPLOAD, ExplorerApp


@pytest.fixture
def app():
    app = ExplorerApp(
        "grid",
        classifier=lambda images: images[:, ::9, ::9].mean(axis=(1, 2, 3)) / 255,
        max_evaluations=20,
    )
    yield app
    app.explorer.close()


def test_the_explorers_before_are_released(app):
    others, widgets = set(threading.enumerate()), len(_instances)
    for name in segxai.data.names()[1:4]:
        app.form.values = {"photograph": name}
        assert app.children[1] is app.explorer
    assert len(_instances) == widgets
    app.explorer.close()
    for thread in set(threading.enumerate()) - others:
        thread.join(30)
        assert not thread.is_alive()


def bring(app, name, content, piece=1000, **changes):
    """Send a file as the page does, in pieces."""
    for start in range(0, max(len(content), 1), piece):
        fields = {"key": "own", "name": name, "size": len(content), "start": start} | changes
        app.form._handle_custom_msg({"type": "file", **fields}, [content[start : start + piece]])


def picture(grey):
    data = io.BytesIO()
    Image.fromarray(np.uint8(grey + np.random.default_rng(0).integers(0, 9, (60, 40)))).save(
        data, "PNG"
    )
    return data.getvalue()


def test_another_picture_of_the_same_name_is_explored(app):
    for grey in (10, 200):
        assert len(picture(grey)) > 1000  # more than one piece
        bring(app, "mine.png", picture(grey))
        assert app.form.values == {"photograph": "yours: mine.png"}
        assert 0 <= app.explorer.image.min() - grey <= app.explorer.image.max() - grey < 9


def test_what_is_no_picture_is_told(app):
    for content in (b"no picture", b""):
        bring(app, "mine.png", content)
        assert app.form.message.startswith("mine.png: ")
        assert "tmp" not in app.form.message
    assert app.form.values == {"photograph": segxai.data.names()[0]}


@pytest.mark.parametrize(
    "changes",
    [
        {"size": LARGEST_UPLOAD + 1},  # the page refuses it, but a message may come from anybody
        {"size": "12"},
        {"start": 7},
        {"key": "photograph"},
        {"key": None},
        {"size": 3},  # more than was announced
    ],
)
def test_pieces_that_do_not_fit_are_dropped(app, changes):
    content = bytes(LARGEST_UPLOAD + 1) if changes == {"size": LARGEST_UPLOAD + 1} else picture(10)
    bring(app, "mine.png", content, piece=4_000_000, **changes)
    assert app.form.values == {"photograph": segxai.data.names()[0]}
    assert len(app.form._bytes) <= LARGEST_UPLOAD
    bring(app, "mine.png", picture(10))
    assert app.form.values == {"photograph": "yours: mine.png"}
