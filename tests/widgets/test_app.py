"""The application around the explorer: what a change of photograph leaves, what is brought."""

import datetime
import io
import threading

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances  # every widget that is not closed
from PIL import Image

import segxai
from segxai.widgets.app import ExplorerApp


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


def test_another_picture_of_the_same_name_is_explored(app):
    for grey in (10, 200):
        data = io.BytesIO()
        Image.new("L", (60, 40), grey).save(data, "PNG")
        app.upload.value = (
            {
                "name": "mine.png", "type": "image/png", "size": len(data.getvalue()),
                "content": memoryview(data.getvalue()),
                "last_modified": datetime.datetime.now(datetime.UTC),
            },
        )  # fmt: skip
        assert app.form.values == {"photograph": "yours: mine.png"}
        assert np.unique(app.explorer.image) == [grey]
