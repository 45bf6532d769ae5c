"""Side effects of training: pictures, averaged weights, progress, what a checkpoint carries."""
