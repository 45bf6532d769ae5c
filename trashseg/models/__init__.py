"""Networks behind one contract: image (N, 3, H, W) in [0, 1] to logits (N, K, H, W), any height and width."""
