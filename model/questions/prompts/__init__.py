"""The words of the questions; `model.questions.texts` fills them in."""
