"""Trained networks at work: opening, predicting, scoring, writing."""

from trashseg.inference.opening import open_run, open_trained
from trashseg.inference.predictor import Predictor, build_predictor

__all__ = ["Predictor", "build_predictor", "open_run", "open_trained"]
