"""What the widgets share: bundles and pictures for the browser, messages, work in the background; beside it, JavaScript modules."""
