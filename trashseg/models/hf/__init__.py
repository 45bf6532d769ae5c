"""Networks of the transformers library behind our contract; the library is loaded only where one is built."""

from trashseg.models.hf.net import HFNet
from trashseg.models.hf.query import HFQueryNet

__all__ = ["HFNet", "HFQueryNet"]
