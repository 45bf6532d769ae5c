"""The small forms of the networks of transformers."""

from __future__ import annotations

from typing import Any

_SEGFORMER: dict[str, Any] = {
    "depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32], "num_attention_heads": [1, 2, 2, 4],
    "decoder_hidden_size": 16,
}  # fmt: skip
_VIT: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "image_size": 64}
_EOMT: dict[str, Any] = {**_VIT, "num_blocks": 2, "num_queries": 12, "train_num_points": 256, "layerscale_value": 1.0}
_MASK2FORMER: dict[str, Any] = {
    "feature_size": 32, "mask_feature_size": 32, "hidden_dim": 32, "encoder_feedforward_dim": 16, "encoder_layers": 1,
    "decoder_layers": 4, "num_attention_heads": 2, "dim_feedforward": 16, "num_queries": 12, "train_num_points": 256,
    "backbone_config": {"embed_dim": 12, "depths": [1, 1, 2, 1], "num_heads": [1, 2, 2, 4], "window_size": 7},
}  # fmt: skip
_CONVNEXT: dict[str, Any] = {
    "hidden_size": 16, "auxiliary_in_channels": 24, "auxiliary_channels": 8,
    "backbone_config": {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32], "layer_scale_init_value": 1.0},
}  # fmt: skip
_BEIT: dict[str, Any] = {**_VIT, "intermediate_size": 32, "out_indices": [0, 1, 2, 3], "auxiliary_channels": 8}
_HALF: dict[str, Any] = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}

HF_TINY: dict[str, dict[str, Any]] = {
    "segformer_b5": {"config": _SEGFORMER},
    "upernet_convnext_xl": {"config": _CONVNEXT},
    "upernet_beit_l": {"config": _BEIT},
    "mask2former_swin_l": {"config": _MASK2FORMER},
    "mask2former_swin_t": {"config": _MASK2FORMER},
    "eomt_l": {"config": _EOMT},
    # These two take any published config; here one must be given.
    "hf": {"config": {"model_type": "segformer", **_SEGFORMER}, **_HALF},
    "hf_query": {"config": {"model_type": "eomt", **_EOMT}, **_HALF},
}
