"""What a model that does not know CWM's tokens is told; `model.predict.texts` fills it in."""
