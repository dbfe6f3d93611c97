"""Networks in forked processes, and closed ones in other threads."""

import os
import threading

import numpy as np
import pytest

import segxai
from segxai import SegxaiError
from segxai.nets.graph import GraphSession, tf
from segxai.weights import loaded

FORK = """
import os, signal
import numpy as np, segxai
from segxai.nets.graph import GraphSession, tf

image, labels = np.zeros((8, 8, 3), np.uint8), np.arange(64).reshape(8, 8) // 32

def network():
    net = GraphSession()
    with net.build():
        doubled = 2 * tf.placeholder_with_default(np.float32(21), ())
    return lambda images: np.full(len(images), net.run(doubled) / 100)

def in_child(classifier):
    if pid := os.fork():
        return os.waitpid(pid, 0)
    signal.alarm(60)  # what hangs is killed
    try:
        print("explained", segxai.explain(image, labels, classifier).coalitions.full, flush=True)
    except segxai.SegxaiError as error:
        print("refused:", error, flush=True)
    os._exit(0)

in_child(network())
kept = network()
print("explained", segxai.explain(image, labels, kept).coalitions.full, flush=True)
in_child(kept)
in_child(network())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked on this system")
def test_a_child_process_says_at_once_that_networks_cannot_run_in_it(run_python, tmp_path, root):
    run = run_python("-c", FORK, cwd=tmp_path, env={"PYTHONPATH": str(root)})
    first, here, *others = run.stdout.decode().splitlines()
    assert first.startswith("explained 0.58"), run.stderr.decode()  # none had run before
    assert here == first
    assert len(others) == 2
    assert all(other.startswith("refused: ") and "'spawn'" in other for other in others)


KERAS = """
in_child(lambda images: images.mean(axis=(1, 2, 3)) / 255)
import keras
layers = [keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()]
model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
print("explained", segxai.explain(image, labels, model).coalitions.full, flush=True)
in_child(model)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked on this system")
def test_a_model_of_keras_does_not_wait_for_ever_in_a_child_process(run_python, tmp_path, root):
    script = FORK.partition("in_child(network())")[0] + KERAS
    run = run_python("-c", script, cwd=tmp_path, env={"PYTHONPATH": str(root)})
    child, here, refused = run.stdout.decode().splitlines()
    assert child.startswith("explained"), run.stderr.decode()
    assert here.startswith("explained")
    assert refused.startswith("refused: ")
    assert "'spawn'" in refused


def small():
    """A network that is built in no time: the mean of a picture."""
    net = GraphSession()
    with net.build():
        net.images = tf.placeholder(tf.float32, (None, None, None, 3))
        net.means = tf.reduce_mean(net.images, (1, 2, 3)) / 255
    return net


def test_networks_closed_while_four_threads_explain(nothing_loaded, quarters):
    """Each explanation is right, or says that its network was closed."""

    def means(images):
        net = loaded.loaded("small", small)
        return net.run(net.means, {net.images: images})

    box = segxai.Classifier(means, batch_size=2)
    expected = segxai.explain(*quarters, box, 1).weights
    found, stop = [], threading.Event()

    def explaining():
        while not stop.is_set():
            try:
                found.append(segxai.explain(*quarters, box, 1).weights)
            except SegxaiError as error:
                found.append(str(error))
            except BaseException as error:
                found.append(error)

    threads = [threading.Thread(target=explaining) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(100):
        stop.wait(0.03)
        for network in list(loaded._networks.values()):
            network.close()
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    words = {result for result in found if not isinstance(result, np.ndarray)}
    assert words <= {"This network was closed; build or load it again."}
    weights = [result for result in found if isinstance(result, np.ndarray)]
    assert weights
    assert all(weight == pytest.approx(expected, abs=1e-6) for weight in weights)
