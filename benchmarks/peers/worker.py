"""One peer's explanations, in its own environment: serves `benchmarks/peers.py`.

The classifier of that script is evaluated over a socket.

    python worker.py HOST PORT          # the key of the connection is in the environment, PEERS_KEY

A job is (method, shape, pixels, fill, budget, seed); the reply is ("found", map, wall seconds,
processor seconds, bytes), where the map is (H, W) float64: the weight that the peer gives to each
pixel, or, of a region, its weight divided by its number of pixels. In between come any number of
("evaluate", shape, pixels), answered by the target's probabilities. Arrays travel as bytes: NumPy's
versions may differ.
"""

import contextlib
import io
import os
import resource
import sys
import time
from multiprocessing.connection import Client

import numpy as np

BATCH = 32


def per_pixel(labels, weights):
    """(H, W): each region's weight divided by its number of pixels.

    labels: (H, W) integers, 0..K-1; weights: (K,).
    """
    return (np.asarray(weights) / np.bincount(labels.ravel()))[labels]


def numbered(labels):
    """The same regions as integers 0..K-1: lime 0.2.0.1 counts on it."""
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)


def slic(image, n_segments=50):
    from skimage.segmentation import slic

    return numbered(slic(image, n_segments=n_segments, compactness=10, start_label=0))


def lime(segmentation):
    def explain(image, fill, predict, budget, seed):
        from lime.lime_image import LimeImageExplainer

        def both(images):
            probability = predict(images)
            return np.stack([probability, 1 - probability], axis=1)

        found = LimeImageExplainer(random_state=seed).explain_instance(
            image,
            both,
            labels=(0,),
            top_labels=None,
            num_samples=budget,
            num_features=100_000,
            batch_size=BATCH,
            segmentation_fn=segmentation,
            random_seed=seed,
        )
        labels = numbered(found.segments)
        weights = np.zeros(labels.max() + 1)
        for k, weight in found.local_exp[0]:
            weights[k] = weight
        return per_pixel(labels, weights)

    return explain


def shap_partition(masker):
    def explain(image, fill, predict, budget, seed):
        import shap

        np.random.seed(seed)  # noqa: NPY002  shap draws from the global generator
        found = shap.PartitionExplainer(
            lambda images: predict(images)[:, None],
            shap.maskers.Image(masker, image.shape),
            output_names=["target"],
        )(image[None], max_evals=budget, batch_size=BATCH, silent=True)
        return np.asarray(found.values).reshape(*image.shape).sum(axis=-1)

    return explain


def captum(name):
    def explain(image, fill, predict, budget, seed):
        import torch
        from captum import attr
        from captum._utils.models.linear_model import SkLearnLinearRegression
        from captum.attr._core.lime import get_exp_kernel_similarity_function

        torch.manual_seed(seed)
        # scikit-learn, which fits for Captum, draws from the global generator, too.
        np.random.seed(seed)  # noqa: NPY002
        labels = slic(image)

        def forward(images):
            return torch.from_numpy(predict(images.permute(0, 2, 3, 1).numpy()))

        def tensor(array):
            return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1))).float()[None]

        if name == "KernelShap":
            explainer = attr.KernelShap(forward)
        else:
            explainer = attr.Lime(
                forward, interpretable_model=SkLearnLinearRegression(),
                similarity_func=get_exp_kernel_similarity_function("euclidean", kernel_width=1000),
            )  # fmt: skip
        found = explainer.attribute(
            tensor(image),
            baselines=tensor(fill),
            feature_mask=torch.from_numpy(labels)[None, None],
            n_samples=budget,
            perturbations_per_eval=BATCH,
        )
        return found[0, 0].numpy() / np.bincount(labels.ravel())[labels]

    return explain


METHODS = {
    "lime, quickshift": lime(None),
    "lime, slic": lime(slic),
    "shap partition, blur": shap_partition("blur(128,128)"),
    "shap partition, inpaint": shap_partition("inpaint_telea"),
    "captum Lime, slic": captum("Lime"),
    "captum KernelShap, slic": captum("KernelShap"),
}


def main(host, port):
    with Client((host, int(port)), authkey=bytes.fromhex(os.environ["PEERS_KEY"])) as connection:

        def predict(images):
            images = np.clip(np.rint(images), 0, 255).astype(np.uint8)
            connection.send(("evaluate", images.shape, images.tobytes()))
            return np.frombuffer(connection.recv(), np.float32).copy()

        while (job := connection.recv()) is not None:
            method, shape, pixels, fill, budget, seed = job
            image, fill = (
                np.frombuffer(data, np.uint8).reshape(shape).copy() for data in (pixels, fill)
            )
            started, worked = time.perf_counter(), time.process_time()
            try:
                with (
                    contextlib.redirect_stdout(io.StringIO()),
                    contextlib.redirect_stderr(io.StringIO()),
                ):
                    values = METHODS[method](image, fill, predict, budget, seed)
            except Exception as error:  # the package's own, whatever it is
                connection.send(("failed", f"{type(error).__name__}: {error}"))
                continue
            seconds, cpu = time.perf_counter() - started, time.process_time() - worked
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            connection.send(
                ("found", np.ascontiguousarray(values, np.float64).tobytes(), seconds, cpu, memory)
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
