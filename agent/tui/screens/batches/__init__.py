"""The batches screen: which batches there are; begin one, open one, lay two side by side."""
