"""What the widgets share: bundles and pictures, messages, work in the background.

Beside it stand the JavaScript modules that they share.
"""
