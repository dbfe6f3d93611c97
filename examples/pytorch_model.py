"""Explain a PyTorch model: a function that turns photographs into its batches, and its logits into
probabilities."""

import numpy as np
import torch

import segxai


def as_function(model):
    """Any module from (N, 3, H, W) float32 in 0..1 to (N, C) logits, as a function that `explain`
    takes."""

    def function(images):
        with torch.no_grad():
            batch = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 255
            return model(batch).softmax(dim=1).numpy()

    model.eval()
    return function


# Stands for your own model, whose normalisation belongs into the function, too: is a photograph
# redder than it is blue?
model = torch.nn.Sequential(
    torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 2, bias=False)
)
model[-1].weight.data = torch.tensor([[-9.0, 0.0, 9.0], [9.0, 0.0, -9.0]])
classifier = segxai.load_classifier(as_function(model), class_names=["cold", "warm"])
explanation = segxai.explain(
    segxai.data.photograph("coffee"), "contours", classifier, target="warm", fill=(60, 90, 150)
)
print("\n".join(explanation.in_words()))
