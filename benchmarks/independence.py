"""Does a result rest on one network? A planted shortcut, found with and without the classifier's
own network, in two classifiers.

The shortcut is the badge of `segxai.data.planted`: it is painted on photographs, and two
classifiers have learned to see it. One is built on EfficientNet-Lite0, whose features `deep` merges
its regions by; the other is a small network in Keras, trained here from nothing on crops of every
second photograph of FOLDER, of another family and sharing nothing with any segmenter. Both explain
"prize" on the other photographs. `contours` shares no weights with either. covers_plant: the share
of photographs whose top region is the badge; energy: the share of the positive weights inside the
badge; insertion and deletion as in `segxai.metrics`. 95 % intervals, from resampling photographs.

    python benchmarks/independence.py --photographs FOLDER [--limit 16] [--steps 400]
"""

import argparse
from pathlib import Path

import numpy as np

import segxai
from segxai.data.shortcut import CLASSES, SIZE, paint
from segxai.images import resize

SEGMENTERS = ("deep", "contours", "slic", "felzenszwalb")
METRICS = ("covers_plant", "energy", "insertion", "deletion", "regions")
SIDE = 96  # pixels of the small network's input


def crops(photographs, number, rng):
    """(2 number, SIDE, SIDE, 3) uint8 squares, every second one with the badge, and (2 number,)
    their classes."""
    found = []
    for _ in range(number):
        photograph = photographs[rng.integers(len(photographs))]
        side = rng.integers(min(photograph.shape[:2]) // 2, min(photograph.shape[:2]))
        top, left = (rng.integers(full - side + 1) for full in photograph.shape[:2])
        square = photograph[top : top + side, left : left + side]
        found += [
            square,
            paint(square, SIZE * rng.uniform(0.7, 1.1), rng.random(), rng.random())[0],
        ]
    return np.stack([resize(square, (SIDE, SIDE)) for square in found]).astype(np.uint8), np.arange(
        2 * number
    ) % 2


def small_network(photographs, steps):
    """A convolutional network with 60,000 weights, trained from nothing, as a classifier."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            *(
                layer
                for channels in (16, 32, 48, 64)
                for layer in (
                    layers.Conv2D(channels, 3, padding="same", activation="relu"),
                    layers.MaxPooling2D(),
                )
            ),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    for _ in range(steps):
        model.train_on_batch(*crops(photographs, 16, rng))

    def function(images):
        small = np.stack([resize(image, (SIDE, SIDE)) for image in images])
        return model.predict_on_batch(small)

    return segxai.load_classifier(function, class_names=CLASSES)


def accuracy(classifier, plain, marked) -> float:
    prizes = classifier.predict([*plain, *marked]).argmax(axis=1)
    return float((prizes == np.repeat([0, 1], len(plain))).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photographs", required=True, type=Path, help="a folder of .jpg files")
    parser.add_argument("--limit", type=int, default=16, help="photographs that are explained")
    parser.add_argument("--steps", type=int, default=400, help="of training, with 32 crops each")
    asked = parser.parse_args()
    paths = sorted(asked.photographs.glob("*.jpg"))
    training = [segxai.load_image(path) for path in paths[1::2]]
    plain = [segxai.load_image(path) for path in paths[::2]]
    rng = np.random.default_rng(1)
    painted = [paint(image, SIZE, rng.random(), rng.random()) for image in plain]
    classifiers = {
        "EfficientNet-Lite0": segxai.data.planted().classifier,
        "small Keras network": small_network(training, asked.steps),
    }
    for name, classifier in classifiers.items():
        share = accuracy(classifier, plain, [marked for marked, _ in painted])
        prizes = classifier.predict([marked for marked, _ in painted]).argmax(axis=1) == 1
        chosen = [pair for pair, prize in zip(painted, prizes, strict=True) if prize][: asked.limit]
        found = segxai.compare(
            [marked for marked, _ in chosen],
            SEGMENTERS,
            METRICS,
            classifier=classifier,
            target="prize",
            masks=[mask for _, mask in chosen],
            max_evaluations=512,
            fill="blur",
        )
        print(
            f"\n{name}: right on {share:.0%} of {2 * len(plain)} unseen photographs, half of them "
            "with the badge"
        )
        print(
            f"{len(chosen)} photographs with the badge, fill blur, at most 512 "
            f"evaluations\n\n{found}",
            flush=True,
        )


if __name__ == "__main__":
    main()
