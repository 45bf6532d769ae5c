"""From a COCO file to samples: a validated index, masks painted once, photographs checked before training."""
